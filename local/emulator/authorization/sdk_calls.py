"""The permissions that an API call needs which an AWS service makes in the emulator's own process."""

import json

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region

from . import context, run_task


def checks(service, method, path, headers, body, query):
    """Action, resource and condition keys of each permission, for a request as it goes over HTTP."""
    region, account = get_region(), get_account_id()
    body = body if isinstance(body, bytes) else body.encode()
    params = app._routing_params(method, path, headers, body, query)
    action = context.action_of(iam_actions.extract_iam_action(service, method, path, headers, body, params))
    if action == "ecs:RunTask":
        found = []
        run_task.check(lambda *permission: found.append(permission), json.loads(body))
        return found
    items = iam_actions.dynamodb_transaction_checks(action, body, region, account)
    if items:
        # A transaction is not an action of its own.
        keys = {**iam_actions.dynamodb_service_context(body), "dynamodb:EnclosingOperation": action.split(":")[1]}
        return [(item_action, arn, keys) for item_action, arn in items]
    keys = _keys(service, action, path, headers, body, params)
    arns = [iam_actions.extract_resource_arn(service, method, path, headers, body, params, region, account)]
    if service == "events":
        arns += iam_actions.eventbridge_resource_arns(body, region, account)[1:]
    if service == "dynamodb":
        arns += iam_actions.dynamodb_resource_arns(body, region, account)[1:]
    found = [(action, arn, keys) for arn in arns]
    if service == "s3":
        found += [(extra, arn, None) for extra, arn in iam_actions.s3_additional_checks(method, path, headers, body, params)]
    return found


def _keys(service, action, path, headers, body, params):
    keys = iam_actions.request_tag_context(service, action, body, params)
    if service == "dynamodb":
        return {**keys, **iam_actions.dynamodb_service_context(body)}
    if service == "s3":
        return {**keys, **iam_actions.s3_service_context(action, params, path, headers)}
    return keys
