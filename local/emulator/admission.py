"""Admission to the servers of this process: programs of this machine, with credentials of this start.

Web pages are refused by the headers that their browsers send, as `src/strangers.ts` does for the servers of the parent. Calls of
AWS APIs need the token that each start makes anew (the parent's `clientConfig()` has it as the session token), or the token of a
session that this emulator issued. The path of a few answers is a secret by itself, as a presigned URL is on AWS.
"""

import hmac
import json
import os
import re
import uuid
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

from ministack.core import iam_evaluator, router
from ministack.core.responses import _account_from_sts_session
from ministack.services import sts

import parent_apis

# The reasons for this pattern are in `src/strangers.ts`.
_LOOPBACK = re.compile(r"(?:(?:[\w-]+\.)*(?:localhost|127\.0\.0\.1)|\[::1\])(?::\d+)?", re.ASCII | re.IGNORECASE)

_TOKEN = "x-amz-security-token"
_REMEDY = "use the credentials that this start of the local cloud made: clientConfig(), or the line `endpoint` that the command prints"


def wrap(app):
    """The ASGI app behind the admission: what is refused reaches neither the emulator nor the recorder of calls."""

    async def admitting(scope, receive, send):
        if scope["type"] == "lifespan":
            return await app(scope, receive, send)
        headers = parent_apis.headers_of(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        reason = _strangeness(headers)
        if scope["type"] == "websocket":
            if reason or _failure(headers, query):
                return await send({"type": "websocket.close", "code": 1008})
            return await app(scope, receive, send)
        if reason:
            return await _answer(scope, receive, send, 403, {"Content-Type": "application/json"}, json.dumps({"message": reason}).encode())
        failure = _failure(headers, query)
        if failure and not _is_secret(scope["method"], scope["path"], headers, query):
            return await _answer(scope, receive, send, *_response(failure, scope, headers, query))
        await app(scope, receive, _without_cors(send))

    return admitting


def apply_to_http_servers():
    """Refuse web pages at every other HTTP server of this process: the runtime API of each function with a custom runtime."""
    parse = BaseHTTPRequestHandler.parse_request

    def parse_request(handler):
        if not parse(handler):
            return False
        reason = _strangeness({name.lower(): value for name, value in handler.headers.items()})
        if reason:
            handler.send_error(403, reason)
        return not reason

    BaseHTTPRequestHandler.parse_request = parse_request


def _strangeness(headers):
    host, site = headers.get("host", ""), headers.get("sec-fetch-site", "none")
    if not _LOOPBACK.fullmatch(host):
        return f"the host must be 127.0.0.1 or localhost, got: {host or 'none'}: the local cloud answers programs of this machine only"
    if "origin" in headers or site != "none":
        return "a request of a web page: the local cloud answers programs of this machine only"
    return None


def _failure(headers, query):
    """Why the credentials of a request are refused, as (code, message); None when they are those of this start."""
    key = router.extract_access_key_id(headers, query) or ""
    token = headers.get(_TOKEN) or query.get("X-Amz-Security-Token", [""])[0]
    if iam_evaluator.is_root_access_key(key):
        if hmac.compare_digest(token.encode(), os.environ["AWS_SESSION_TOKEN"].encode()):
            return None
        code = "InvalidToken" if token else "UnrecognizedClientException" if key else "MissingAuthenticationToken"
    elif key in sts._sessions:
        found = iam_evaluator.resolve_credential(key, _account_from_sts_session(key), token)
        if not isinstance(found, iam_evaluator.CredentialResolutionError):
            return None
        code = found.code
    elif _signatures_are_verified() and iam_evaluator.find_iam_access_key_account(key):
        return None  # The key of an IAM user has no token
    else:
        code = "UnrecognizedClientException"
    message = "Request is missing Authentication Token" if code == "MissingAuthenticationToken" else "The security token included in the request is invalid."
    return code, f"{message} ({_REMEDY})"


def _signatures_are_verified():
    from ministack import app

    return app.AUTH


def _is_secret(method, path, headers, query):
    """Whether the path holds a secret of this emulator: metadata of a task, or an answer that CloudFormation waits for."""
    from ministack.services import ecs_metadata
    from ministack.services.cloudformation import custom_resource, wait_conditions

    # A header or parameter could route the request to another service.
    if query or "authorization" in headers or "x-amz-target" in headers:
        return False
    match = ecs_metadata._PATH_RE.match(path)
    if method == "GET" and match:
        return match["token"] in ecs_metadata._TOKEN_TO_TASK
    if method != "PUT":
        return False
    answer, signal = (path.removeprefix(prefix) for prefix in ("/_ministack/cfn-response/", wait_conditions.SIGNAL_PATH))
    return answer in custom_resource._pending or wait_conditions.has_handle(signal)


def _response(failure, scope, headers, query):
    """The failure in the protocol of the service that the request names."""
    from ministack import app

    service = router.detect_service(scope["method"], scope["path"], headers, query)
    return app._credential_failure(service, "", str(uuid.uuid4()), iam_evaluator.AuthError(*failure), headers)


async def _answer(scope, receive, send, status, headers, body):
    # A client that still sends would see a broken connection and not the answer.
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _without_cors(send):
    """Drop the CORS headers, `*` among them, that the emulator adds to each response: no page may read it."""

    async def sending(message):
        if message["type"] == "http.response.start":
            headers = [pair for pair in message.get("headers", []) if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": headers}
        await send(message)

    return sending
