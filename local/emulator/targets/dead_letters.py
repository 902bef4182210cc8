"""Dead-letter queues of targets: those of rules by the policy of the queue, those of schedules by the role of the target."""

import json
import logging

from authorization import gate
from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope
from ministack.services import eventbridge, sqs
from timing import schedules

from . import metrics, permissions

logger = logging.getLogger("fileworks.targets")

_SCHEDULER_CALLS = {
    # Service of the target: its call as EventBridge Scheduler names it, and the members for the target and for the input, if there is one.
    "sqs": ("sqs:sendMessage", "QueueUrl", "MessageBody"),
    "sns": ("sns:publish", "TopicArn", "Message"),
    "lambda": ("lambda:invoke", "FunctionName", "Payload"),
    "states": ("sfn:startExecution", "StateMachineArn", "Input"),
    "ecs": ("ecs:runTask", "Cluster", "Overrides"),
    "events": ("eventbridge:putEvents", "EventBusName", "Detail"),
    "codebuild": ("codebuild:startBuild", "ProjectName", None),
}


def send(delivery, error, retries, exhausted):
    """Send what was not delivered to the dead-letter queue; without one, and without permission, it is lost."""
    target, event, rule, view = delivery
    name, arn = rule.get("Name"), (target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        logger.warning("event for target %s of %s is dropped, there is no dead-letter queue: %s", target.get("Arn"), name, error)
        return
    schedule = permissions.is_schedule(rule)
    service, source = permissions.source_of(rule)
    try:
        if schedule:
            gate.role_call(target["RoleArn"], service, "sqs:SendMessage", arn, source_arn=source)
        else:
            gate.service_call(service, "sqs:SendMessage", arn, source_arn=source)
        body, attributes = _of_schedule(target, event, rule, error) if schedule else _of_rule(target, event, rule, view, error)
        attributes["RETRY_ATTEMPTS"] = str(retries)
        if exhausted:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        _put(arn, body, attributes)
        metrics.count("dead letter", rule)
    except gate.Denied as denied:
        metrics.count("lost", rule)
        logger.warning("event for target %s of %s is dropped, its dead-letter queue refuses it: %s (%s)", target.get("Arn"), name, denied, denied.hint)
    except sqs._Err as refused:
        metrics.count("lost", rule)
        logger.warning("event for target %s of %s is dropped, dead-letter queue %s: %s", target.get("Arn"), name, arn, refused.message)


def _of_rule(target, event, rule, view, error):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    view = view or eventbridge._pattern_event_view(event)
    return json.dumps(view.event_with_detail()), {
        "RULE_ARN": rule["Arn"], "TARGET_ARN": target["Arn"], "ERROR_CODE": error.code, "ERROR_MESSAGE": str(error),
    }


def _of_schedule(target, event, rule, error):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
    spec = parse_arn(target["Arn"])
    api, of_target, of_input = _SCHEDULER_CALLS[spec.service]
    address = sqs._queue_url_for_account(spec.account_id, spec.resource) if spec.service == "sqs" else target["Arn"]
    # The input of a build holds parameters of the call
    given = {of_input: target.get("Input", "")} if of_input else json.loads(target.get("Input") or "{}")
    return json.dumps(given | {of_target: address}), {
        "SCHEDULE_ARN": rule["Arn"], "TARGET_ARN": f"arn:aws:scheduler:::aws-sdk:{api}", "EXECUTION_ID": event["EventId"],
        "SCHEDULED_TIME": schedules.named_time(rule, event),
        "ERROR_CODE": error.api_code, "ERROR_MESSAGE": str(error), "IS_PAYLOAD_TRUNCATED": "false",
    }


def _put(arn, body, attributes):
    spec = parse_arn(arn)
    url = sqs._queue_url_for_account(spec.account_id, spec.resource)
    with request_scope(spec.account_id, spec.region):
        sqs._act_send_message({
            "QueueUrl": url, "MessageBody": body,
            "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value},
        }, url)
