"""`Ref` of a secret returns its name; CloudFormation returns its ARN, from which the secrets of containers are made.

No report upstream; ministack 1.5.33.
"""

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

from . import scratch

_TYPE = "AWS::SecretsManager::Secret"


def needed():
    from ministack.core.responses import request_scope

    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        physical_id, attributes = handlers["create"]("Probe", {"SecretString": "x"}, "probe")
        handlers["delete"](physical_id, {})
    return physical_id != attributes["Arn"]


def apply():
    original = provisioners._RESOURCE_HANDLERS[_TYPE]

    def create(logical_id, props, stack_name):
        _name, attributes = original["create"](logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update(physical_id, old_props, new_props, stack_name, logical_id=None):
        name, attributes = original["update"](_name_of(physical_id), old_props, new_props, stack_name, logical_id)
        arn = secretsmanager._secrets[name]["ARN"]
        return arn, attributes

    def delete(physical_id, props):
        original["delete"](_name_of(physical_id), props)

    provisioners._RESOURCE_HANDLERS[_TYPE] = {**original, "create": create, "update": update, "delete": delete}


def _name_of(physical_id):
    """The emulator keeps secrets by name; an ARN ends with the name, a hyphen and six characters."""
    return physical_id.rsplit(":", 1)[-1][:-7] if physical_id.startswith("arn:") else physical_id
