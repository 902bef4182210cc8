"""CloudFormation knows no composite alarms, which the emulator's CloudWatch has.

Seen in ministack 1.5.33; there is no upstream report. Unlike on AWS, another alarm cannot suppress its actions.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html
"""

import json

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::CloudWatch::CompositeAlarm"


def needed():
    return _TYPE not in provisioners._RESOURCE_HANDLERS


def apply():
    provisioners._RESOURCE_HANDLERS[_TYPE] = {"create": _create, "update": _update, "delete": _delete}


def _create(logical_id, properties, stack_name):
    name = properties.get("AlarmName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
    if "ActionsSuppressor" in properties:
        raise ValueError(f"{_TYPE} Properties.ActionsSuppressor is not supported; remove it to deploy the alarm here")
    enabled = str(properties.get("ActionsEnabled", True)).lower() == "true"
    status, _headers, body = cloudwatch._put_composite_alarm(
        {}, {**properties, "AlarmName": name, "ActionsEnabled": enabled}, False, True,
    )
    if status >= 400:
        raise ValueError(json.loads(body)["message"])
    return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}


def _update(physical_id, old, new, stack_name, **_options):
    if new.get("AlarmName") != old.get("AlarmName"):
        name, attributes = _create("", new, stack_name)
        _delete(physical_id, old)
        return name, attributes
    return _create("", {**new, "AlarmName": physical_id}, stack_name)


def _delete(physical_id, _properties, *_rest):
    cloudwatch._composite_alarms.pop(physical_id, None)
