"""Rules and schedules with an ECS target start no task, and context attributes in the input of a schedule are not replaced.

Seen in ministack 1.5.33; there is no upstream report.
"""

import json

from authorization import gate, run_task
from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import ecs, eventbridge
from ministack.services.stepfunctions import _pascal_to_camel
from targets import inputs, permissions
from targets.delivery import ATTEMPT
from targets.errors import DeliveryError, of_answer, of_denial
from timing import schedules

from . import scratch

_COPIED = (
    "launchType", "capacityProviderStrategy", "networkConfiguration", "platformVersion", "group", "tags", "enableExecuteCommand",
    "enableECSManagedTags", "propagateTags",
)


def needed():
    requests = []
    real, ecs._run_task = ecs._run_task, lambda data: requests.append(data) or (200, {}, b'{"tasks":[],"failures":[]}')
    try:
        from ministack.core.responses import request_scope

        with request_scope(scratch.ACCOUNT, scratch.REGION):
            arn = f"arn:aws:ecs:{scratch.REGION}:{scratch.ACCOUNT}:cluster/probe"
            target = {"Id": "t", "Arn": arn, "EcsParameters": {"TaskDefinitionArn": "probe"}}
            eventbridge._invoke_target(target, {"Source": "probe", "DetailType": "probe", "Detail": "{}"}, {"Name": "probe"})
    finally:
        ecs._run_task = real
    return not requests


def apply():
    original = eventbridge._invoke_target

    def invoke(target, event, rule, view=None):
        target = _with_context(target, event, rule)
        if not _is_cluster(target.get("Arn", "")) or "EcsParameters" not in target:
            return original(target, event, rule, view)
        return _run(target, event, rule, view)

    eventbridge._invoke_target = invoke


def _with_context(target, event, rule):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    if not permissions.is_schedule(rule) or not target.get("Input"):
        return target
    text = target["Input"]
    attributes = {
        "schedule-arn": rule["Arn"],
        "scheduled-time": schedules.named_time(rule, event),
        "execution-id": event["EventId"],
        "attempt-number": str(event.get(ATTEMPT, 1)),
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}


def _is_cluster(arn):
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return False
    return spec.service == "ecs" and spec.resource.startswith("cluster/")


def _run(target, event, rule, view):
    request = _request(target, event, rule, view)
    try:
        run_task.check(permissions.caller(target, rule), request)
    except gate.Denied as denied:
        raise of_denial(denied) from None
    status, _headers, body = ecs._run_task(request)
    answer = json.loads(body)
    if status >= 400:
        raise of_answer(answer)
    if answer.get("failures"):
        # ECS answers 200 without capacity, as Fargate may have soon.
        raise DeliveryError("ERROR_FROM_TARGET", answer["failures"][0]["reason"], api_code="AmazonECSException", transient=True)


def _request(target, event, rule, view):
    parameters = _pascal_to_camel(target["EcsParameters"])
    if "tagList" in parameters:
        # Its name in templates.
        parameters["tags"] = parameters["tagList"]
    network = parameters.get("networkConfiguration") or {}
    if "awsVpcConfiguration" in network:
        # Likewise: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-events-rule-networkconfiguration.html
        parameters["networkConfiguration"] = {"awsvpcConfiguration": network["awsVpcConfiguration"]}
    starter = "chronos-schedule" if permissions.is_schedule(rule) else "events-rule"
    return {
        **{key: parameters[key] for key in _COPIED if parameters.get(key)},
        "cluster": target["Arn"],
        "taskDefinition": parameters["taskDefinitionArn"],
        "count": int(parameters.get("taskCount") or 1),
        "startedBy": f"{starter}/{rule.get('Name', '')}"[:128],
        # The input holds the overrides of the task.
        "overrides": {"containerOverrides": [], **inputs.parameters(target, event, rule, view)},
    }
