"""`DeadLetterConfig` and `VpcConfig` of a function in a template are dropped: its failed events end nowhere.

Superfluous when ministack's provisioner stores both, as its CreateFunction does. No report upstream; ministack 1.5.33.
"""

from ministack.core.responses import request_scope
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from . import scratch

_TYPE = "AWS::Lambda::Function"
_TARGET = f"arn:aws:sqs:{scratch.REGION}:{scratch.ACCOUNT}:probe"


def needed():
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        properties = {"FunctionName": "probe", "Code": {"ZipFile": "x = 1"}, "DeadLetterConfig": {"TargetArn": _TARGET}}
        name, _attributes = provisioners._RESOURCE_HANDLERS[_TYPE]["create"]("Probe", properties, "probe")
        function = lambda_svc._functions.pop(name)
        return (function["config"].get("DeadLetterConfig") or {}).get("TargetArn") != _TARGET


def apply():
    handler = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handler["create"], handler["update"]

    def create_with_settings(logical_id, properties, stack_name):
        name, attributes = create(logical_id, properties, stack_name)
        _store(name, properties)
        return name, attributes

    def update_with_settings(physical_id, old, new, *rest):
        name, attributes = update(physical_id, old, new, *rest)
        _store(name, new)
        return name, attributes

    handler["create"], handler["update"] = create_with_settings, update_with_settings


def _store(name, properties):
    config = lambda_svc._functions[name]["config"]
    config["VpcConfig"] = lambda_svc._vpc_config_with_id(properties.get("VpcConfig"))
    if properties.get("DeadLetterConfig"):
        config["DeadLetterConfig"] = properties["DeadLetterConfig"]
    else:
        config.pop("DeadLetterConfig", None)
