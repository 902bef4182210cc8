"""Rules and schedules with a project as their target start a build; their input holds parameters of StartBuild.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
"""

import json

from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import eventbridge
from targets.errors import DeliveryError, of_answer
from targets.inputs import parameters

from . import api


def apply():
    original = eventbridge._invoke_target

    def invoke(target, event, rule, view=None):
        name = _project(target.get("Arn", ""))
        return original(target, event, rule, view) if name is None else _start(name, target, rule, event, view)

    eventbridge._invoke_target = invoke


def _project(arn):
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return None
    return spec.resource.removeprefix("project/") if spec.service == "codebuild" else None


def _start(name, target, rule, event, view):
    status, _headers, body = api.start({**parameters(target, event, rule, view), "projectName": name})
    if status < 400:
        return
    answer = json.loads(body)
    if answer["__type"] == "AccountLimitExceededException":
        # https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html (`concurrentBuildLimit`: throttled)
        raise DeliveryError("THROTTLING", answer["message"], api_code=answer["__type"], transient=True)
    raise of_answer(answer)
