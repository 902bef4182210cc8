"""Errors of services on request: the next calls of an action fail, or all until that ends, before or after their effect.

Calls over HTTP meet them here; those that services make for the app meet them in `authorization.gate`.
"""

import asyncio
import contextvars
import json
import threading
from fnmatch import fnmatchcase

import connections
from authorization import context
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import new_uuid

CONNECTION_CLOSED = "ConnectionClosed"
NO_ANSWER = "NoAnswer"
_LOOK_SECONDS = 0.05

_lock = threading.Lock()
_armed = []
_met = contextvars.ContextVar("fileworks_failure", default=None)
"""Where the failure of the request that is being served is noted."""


class _Failed(Exception):
    pass


def fail_next(action, resource, error, status, message, count, after_effect, outage=None):
    """Fail the next `count` calls, or all of them until `outage` ends."""
    with _lock:
        _armed.append({"action": action, "resource": resource, "error": error, "status": status, "message": message,
                       "left": count, "after": after_effect, "outage": outage})


def end(outage):
    with _lock:
        _armed[:] = [failure for failure in _armed if failure["outage"] != outage]


def apply():
    """The check of a call's permission names its action and resource: a permitted call meets its failure there."""
    enforce = iam_evaluator.enforce

    def enforce_or_fail(access_key, action, service, region, resource_arn="*", service_context=None):
        denied = enforce(access_key, action, service, region, resource_arn=resource_arn, service_context=service_context)
        if denied is None and _armed:
            _meet(action, resource_arn, service, service_context or {})
        return denied

    iam_evaluator.enforce = enforce_or_fail


def _meet(action, resource, service, keys):
    met = _met.get()
    if met is None or met:
        return
    # The items of a transaction are checked as calls of their own.
    enclosing = [f"dynamodb:{name}" for name in keys.get("dynamodb:EnclosingOperation") or ()]
    failure = take({context.action_of(action), *enclosing}, resource)
    if failure:
        met.append((failure, service))
        if not failure["after"]:
            raise _Failed


def take(actions, resource, for_service=False):
    """The failure that a call of one of these actions meets now. A call that a service makes has not yet had an effect."""
    with _lock:
        for failure in _armed:
            if for_service and failure["after"]:
                continue
            if any(fnmatchcase(action, failure["action"]) for action in actions) and fnmatchcase(resource, failure["resource"]):
                if failure["outage"] is None:
                    failure["left"] -= 1
                    if failure["left"] == 0:
                        _armed.remove(failure)
                return failure
    return None


def wrap(app):
    async def failing(scope, receive, send):
        if scope["type"] != "http" or not _armed:
            return await app(scope, receive, send)
        met, body = [], bytearray()
        _met.set(met)

        async def read(*args):
            message = await receive(*args)
            body.extend(message.get("body", b""))
            return message

        async def send_unless_failed(message):
            if not met:
                await send(message)

        try:
            await app(scope, read, send_unless_failed)
        except _Failed:
            pass
        if met:
            await _answer(*met[0], scope, bytes(body), send)

    return failing


async def _answer(failure, service, scope, body, send):
    while failure["error"] == NO_ANSWER and failure in _armed:
        await asyncio.sleep(_LOOK_SECONDS)
    if failure["error"] in (CONNECTION_CLOSED, NO_ANSWER):
        raise connections.Closed
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    _status, answer_headers, answer = iam_actions.access_denied_response(
        service, failure["action"], "", new_uuid(), error_code=failure["error"], message=failure["message"], headers=headers
    )
    if failure["error"] == "TransactionCanceledException":
        answer = json.dumps(json.loads(answer) | {"CancellationReasons": _reasons(json.loads(body))}).encode()
    named = [(name.lower().encode(), value.encode()) for name, value in answer_headers.items()]
    await send({"type": "http.response.start", "status": failure["status"], "headers": named})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer})


def _reasons(request):
    """The first item is in conflict. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html"""
    conflict = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return [conflict, *({"Code": "None"} for _item in request["TransactItems"][1:])]
