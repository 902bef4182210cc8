"""Rules and schedules with an ECS target start no task, and context attributes in the input of a schedule are not replaced."""

import json
import logging
from datetime import datetime, timezone

from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import ecs, eventbridge
from ministack.services.stepfunctions import _pascal_to_camel

from . import scratch

logger = logging.getLogger("fileworks.events_ecs_target")

_COPIED = (
    "launchType", "capacityProviderStrategy", "networkConfiguration", "platformVersion", "group", "tags", "enableExecuteCommand",
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
        try:
            _run(target, event, rule, view)
        except Exception:
            logger.exception("cannot run the task of %s", rule.get("Name"))
        return None

    eventbridge._invoke_target = invoke


def _with_context(target, event, rule):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    if not _scheduled(rule) or not target.get("Input"):
        return target
    text = target["Input"]
    attributes = {
        "schedule-arn": rule["Arn"],
        "scheduled-time": datetime.fromtimestamp(event["Time"], timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": event["EventId"],
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}


def _scheduled(rule):
    return ":schedule/" in rule.get("Arn", "")


def _is_cluster(arn):
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return False
    return spec.service == "ecs" and spec.resource.startswith("cluster/")


def _run(target, event, rule, view):
    parameters = _pascal_to_camel(target["EcsParameters"])
    request = {key: parameters[key] for key in _COPIED if parameters.get(key)}
    request.update(
        cluster=target["Arn"],
        taskDefinition=parameters["taskDefinitionArn"],
        count=int(parameters.get("taskCount") or 1),
        startedBy=f"{'chronos-schedule' if _scheduled(rule) else 'events-rule'}/{rule.get('Name', '')}"[:128],
        overrides=_overrides(target, event, rule, view),
    )
    status, _headers, body = ecs._run_task(request)
    answer = json.loads(body)
    if status >= 400 or answer.get("failures"):
        logger.error("the task of %s was not placed: %s", rule.get("Name"), answer)


def _overrides(target, event, rule, view):
    """The target's input, constant or made from the event, holds the overrides of the task."""
    if target.get("InputTransformer"):
        view = view or eventbridge._pattern_event_view(event)
        text = eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
    else:
        text = target.get("Input") or "{}"
    overrides = json.loads(text)
    return {"containerOverrides": [], **overrides} if isinstance(overrides, dict) else {"containerOverrides": []}
