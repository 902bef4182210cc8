"""A schedule of a template keeps CloudFormation's names of parts of its target, which no client of GetSchedule reads.

A program that makes another schedule with the same target loses the network of its task, and the task never runs.
Seen in ministack 1.5.33; there is no upstream report.
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html
"""

from ministack.core.responses import request_scope
from ministack.services import scheduler
from ministack.services.cloudformation import provisioners

from . import scratch

_TYPE = "AWS::Scheduler::Schedule"
_LISTS = ("CapacityProviderStrategy", "PlacementConstraints", "PlacementStrategy")


def needed():
    network = {"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["s"]}}}
    properties = {
        "Name": "probe", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:ecs:us-east-1:1:cluster/c", "RoleArn": "arn:aws:iam::1:role/r", "EcsParameters": network,
        },
    }
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        handler = provisioners._RESOURCE_HANDLERS[_TYPE]
        name, _attributes = handler["create"]("Probe", properties, "probe")
        try:
            [schedule] = scheduler._schedules.values()
            return "awsvpcConfiguration" not in schedule["Target"]["EcsParameters"]["NetworkConfiguration"]
        finally:
            handler["delete"](name, properties)


def apply():
    handler = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handler["create"], handler["update"]

    def create_named(logical_id, properties, *rest, **options):
        return create(logical_id, _as_api(properties), *rest, **options)

    def update_named(physical_id, old, new, *rest, **options):
        return update(physical_id, _as_api(old), _as_api(new), *rest, **options)

    handler["create"], handler["update"] = create_named, update_named


def _as_api(properties):
    target = properties.get("Target") or {}
    parameters = target.get("EcsParameters")
    if not parameters:
        return properties
    lists = {name: [_lower(item) for item in parameters[name]] for name in _LISTS if name in parameters}
    named = {**parameters, **lists}
    if "NetworkConfiguration" in parameters:
        named["NetworkConfiguration"] = _lower(parameters["NetworkConfiguration"])
    return {**properties, "Target": {**target, "EcsParameters": named}}


def _lower(members):
    return {name[0].lower() + name[1:]: value for name, value in members.items()}
