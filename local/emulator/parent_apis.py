"""What the emulator lacks and the parent answers: Application Auto Scaling, and expressions over metrics."""

import asyncio
import itertools
import json
import os
from concurrent.futures import Future
from urllib.parse import parse_qs

import reports

_PREFIXES = {"AnyScaleFrontendService.": "application-autoscaling"}

_ANSWER_SECONDS = 10

_ids = itertools.count(1)
_pending = {}


def action_of(headers):
    """Service and action of a call that the parent answers, by its target header; None for every other call."""
    target = headers.get("x-amz-target", "")
    for prefix, service in _PREFIXES.items():
        if target.startswith(prefix):
            return service, target[len(prefix):]
    return None


def headers_of(scope):
    """The headers of a request by their names; those of a repeated one are joined, as the emulator joins them."""
    headers = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def wrap(app):
    async def answering(scope, receive, send):
        call = action_of(headers_of(scope)) if scope["type"] == "http" else None
        if call is None:
            return await app(scope, receive, send)
        request_input = json.loads(await _body(receive) or b"{}")
        status, body = _refused(scope, *call, request_input) or await _request(scope, *call, request_input)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/x-amz-json-1.1")]})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    return answering


def ask(*request):
    """Status and body of the parent's answer, which it has at hand: the caller waits."""
    return _send(*request).result(timeout=_ANSWER_SECONDS)


def answer(command):
    """Return the parent's answer to the caller."""
    _pending.pop(command["request"]).set_result((command["status"], command["body"]))


def _refused(scope, service, action, request_input):
    """Status and body of the refusal when the caller may not make the call."""
    from authorization import context, direct
    from ministack.core.responses import request_scope

    access_key, account, region = _caller(scope)
    resource, keys = context.scaling_call(request_input, region, account)
    calls = [(f"{service}:{action}", resource, keys), *context.scaling_validation(action, request_input, region, account)]
    with request_scope(account, region):
        for called, on, more in calls:
            denied = direct.enforce(access_key, called, called.split(":")[0], region, on, more)
            if denied:
                code = "AccessDeniedException" if called.startswith(service) else "ValidationException"
                return 400, {"__type": code, "message": direct.message_of(denied)}
    return None


async def _request(scope, service, action, request_input):
    _access_key, account, region = _caller(scope)
    return await asyncio.wrap_future(_send(service, action, request_input, account, region))


def _send(service, action, request_input, account, region):
    request, future = next(_ids), Future()
    _pending[request] = future
    reports.send("request", {"request": {"id": request, "service": service, "action": action, "input": request_input, "account": account, "region": region}})
    return future


def _caller(scope):
    """Access key, account and region of the signature."""
    from ministack.core import responses, router

    headers, query = headers_of(scope), parse_qs(scope["query_string"].decode())
    access_key = router.extract_access_key_id(headers, query) or ""
    account = responses._account_from_sts_session(access_key) or (access_key if access_key.isdigit() else os.environ["MINISTACK_ACCOUNT_ID"])
    return access_key, account, router.extract_region(headers, query)


async def _body(receive):
    body, more = bytearray(), True
    while more:
        message = await receive()
        body.extend(message.get("body", b""))
        more = message.get("more_body", False)
    return bytes(body)
