"""The permissions that the optimized integrations of Step Functions need.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

import json

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import sqs
from ministack.services.stepfunctions import _extract_lambda_ref, _pascal_to_camel

from . import run_task


def is_nested_sync(resource):
    return ":states:::states:startExecution.sync" in resource


def checks(resource, request):
    """Action, resource and condition keys of each permission; none for a call that is checked as an API call."""
    name = resource.partition(":states:::")[2].split(".")[0]
    permissions = _PERMISSIONS.get(name)
    if permissions is not None:
        return permissions(request)
    function = _extract_lambda_ref(resource)
    return _invoke({"FunctionName": function}) if function else []


def _invoke(request):
    name, qualifier = request.get("FunctionName", ""), request.get("Qualifier")
    arn = name if name.startswith("arn:") else f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name.split(':function:')[-1]}"
    return [("lambda:InvokeFunction", f"{arn}:{qualifier}" if qualifier else arn, None)]


def _send(request):
    account, name = sqs._queue_ref_from_urlish(request.get("QueueUrl", ""))
    return [("sqs:SendMessage", f"arn:aws:sqs:{get_region()}:{account or get_account_id()}:{name}", None)]


def _publish(request):
    return [("sns:Publish", request.get("TopicArn") or request.get("TargetArn") or "*", None)]


def _put_events(request):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html"""
    found = []
    for entry in request.get("Entries", []):
        [bus] = iam_actions.eventbridge_resource_arns(json.dumps({"Entries": [entry]}).encode(), get_region(), get_account_id())
        keys = {"events:source": entry.get("Source", ""), "events:detail-type": entry.get("DetailType", "")}
        found.append(("events:PutEvents", bus, keys))
    return found


def _on_table(operation):
    def permissions(request):
        body = json.dumps(request).encode()
        [table, *_] = iam_actions.dynamodb_resource_arns(body, get_region(), get_account_id()) or ["*"]
        return [(f"dynamodb:{operation}", table, iam_actions.dynamodb_service_context(body))]

    return permissions


def _run_task(request):
    found = []
    run_task.check(lambda *permission: found.append(permission), _pascal_to_camel(request))
    return found


def _start(request):
    return [("states:StartExecution", request.get("StateMachineArn", "*"), None)]


_PERMISSIONS = {
    "lambda:invoke": _invoke,
    "sqs:sendMessage": _send,
    "sns:publish": _publish,
    "events:putEvents": _put_events,
    "ecs:runTask": _run_task,
    "states:startExecution": _start,
    **{f"dynamodb:{name[0].lower()}{name[1:]}": _on_table(name) for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
}
