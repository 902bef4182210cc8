"""With whose permission a target is called: that of a role, or that of a service by the policy of the target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
"""

from functools import partial

from authorization import gate
from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import codebuild, eventbridge, lambda_svc, sns, sqs, stepfunctions

from .errors import DeliveryError, of_denial

_ACTIONS = {
    "sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction", "states": "states:StartExecution", "events": "events:PutEvents",
    "codebuild": "codebuild:StartBuild",
}
_API_CODES = {"sqs": "AWS.SimpleQueueService.NonExistentQueue", "sns": "NotFound", "states": "StateMachineDoesNotExist"}


def is_schedule(rule):
    return ":schedule/" in rule.get("Arn", "")


def check(target, rule):
    """Raises `DeliveryError` when the target is not there, or may not be called. Tasks are checked with their request."""
    try:
        spec = parse_arn(target.get("Arn", ""))
    except ArnParseError:
        return
    if spec.service not in _ACTIONS or not eventbridge._target_matches_request_scope(spec):
        return
    if not _exists(spec, target["Arn"]):
        raise DeliveryError(
            "NO_RESOURCE", f"{target['Arn']} does not exist", api_code=_API_CODES.get(spec.service, "ResourceNotFoundException"),
        )
    # A bus of the same account needs no permission of its own.
    if spec.service == "events" and not target.get("RoleArn"):
        return
    action = "events:InvokeApiDestination" if spec.resource.startswith("api-destination/") else _ACTIONS[spec.service]
    try:
        caller(target, rule)(action, target["Arn"])
    except gate.Denied as denied:
        raise of_denial(denied) from None


def caller(target, rule):
    """`call(action, resource, context)` of the gate, as the service that has the rule or the schedule."""
    service, source = source_of(rule)
    if target.get("RoleArn"):
        return partial(gate.role_call, target["RoleArn"], service, source_arn=source)
    return partial(gate.service_call, service, source_arn=source)


def source_of(rule):
    """The service principal, and its `aws:SourceArn`: that of a schedule is its group.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    arn = rule.get("Arn", "")
    if not is_schedule(rule):
        return "events.amazonaws.com", arn
    prefix, _, name = arn.partition(":schedule/")
    return "scheduler.amazonaws.com", f"{prefix}:schedule-group/{name.split('/')[0]}"


def _exists(spec, arn):
    if spec.service == "sqs":
        return sqs._queue_by_arn(arn) is not None
    if spec.service == "sns":
        return sns._topic_by_arn_any_scope(arn) is not None
    if spec.service == "lambda":
        return lambda_svc._get_func_record_for_ref(arn)[0] is not None
    if spec.service == "states":
        return stepfunctions._resolve_state_machine_arn(arn) is not None
    kind, _, name = spec.resource.partition("/")
    if spec.service == "codebuild":
        return name in codebuild._projects
    return name.split("/")[0] in (eventbridge._event_buses if kind == "event-bus" else eventbridge._api_destinations)
