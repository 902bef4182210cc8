"""Authorization of the calls that arrive over HTTP: code in tasks and functions, with the session of its role.

The emulator maps a request to its actions and resources and asks `iam_evaluator.enforce` before it serves it
(`AUTH=true`); the answer comes from here.
"""

import contextvars
import logging
import time

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import sns, sqs, sts

from . import context, gate, identities, object_tags, passed_roles

logger = logging.getLogger("fileworks.authorization")

checks = contextvars.ContextVar("fileworks_checks", default=None)
"""Where the checks of the request that is being served are collected for its record; None outside of a request."""

_denial = contextvars.ContextVar("fileworks_denial", default=None)


def apply():
    iam_evaluator.enforce = enforce
    # What these ask of the policies of queues and topics has been decided before the handler of the service runs.
    sqs._enforce_queue_policy = sns._enforce_topic_policy = lambda *_call: None
    context.apply()
    object_tags.apply()
    passed_roles.apply()
    answer = iam_actions.access_denied_response

    def in_full(service, action, principal_arn, request_id, **options):
        """AWS's message names the resource; the emulator's does so for some services only."""
        denied = _denial.get()
        if denied is not None and not options.get("message") and not options.get("error_code"):
            options["message"] = denied.message
        return answer(service, action, principal_arn, request_id, **options)

    iam_actions.access_denied_response = in_full
    app.SERVICE_HANDLERS["s3"] = _hiding_absence(app.SERVICE_HANDLERS["s3"])


def enforce(access_key, action, service, region, resource_arn="*", service_context=None):
    """Replaces `iam_evaluator.enforce`: None when the call is allowed."""
    checked = iam_evaluator.authenticate(access_key or "", get_account_id())
    if isinstance(checked, iam_evaluator.AuthError):
        return checked
    session = sts._sessions.get(access_key or "")
    credential = iam_evaluator.resolve_credential(access_key or "")
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        return iam_evaluator.AuthError(credential.code, credential.message)
    return check(credential.principal_arn, context.action_of(action), resource_arn, service_context or {}, region, session)


def require(service, needed):
    """Have each call of a service over HTTP need more than its own action.

    `needed(method, path, headers, body, query_params)` names action, resource and condition keys of each further check.
    """
    handler = app.SERVICE_HANDLERS[service]

    async def handle(method, path, headers, body, query_params):
        access_key = app.extract_access_key_id(headers, query_params)
        for action, resource, keys in needed(method, path, headers, body, query_params):
            denied = enforce(access_key, action, action.split(":")[0], get_region(), resource, keys)
            if denied is not None:
                return iam_actions.access_denied_response(service, action, denied.principal_arn, "", headers=headers)
        return await handler(method, path, headers, body, query_params)

    app.SERVICE_HANDLERS[service] = handle


def check(arn, action, resource, service_context, region, session=None):
    """A denial in the emulator's form, or None."""
    if action in iam_evaluator._ALWAYS_ALLOWED_ACTIONS:
        return None
    denied = _check(arn, action, resource, service_context, region, session)
    if denied is None and gate.mode != gate.OFF and not arn.endswith(":root"):
        denials = (_check(arn, *call, region, session) for call in gate.implied(action, resource, identities.account_of(arn)))
        denied = next(filter(None, denials), None)
    return denied


def _check(arn, action, resource, service_context, region, session):
    judged = None if gate.mode == gate.OFF else gate.api_call(arn, action, resource, service_context, region, session)
    collected = checks.get()
    if collected is not None:
        collected.append((arn, action, resource, region, service_context, judged))
    if judged is None:
        return None
    request, verdict = judged
    if verdict.allowed or gate.mode != gate.ENFORCE:
        return None
    denied = gate.Denied(request, verdict)
    _denial.set(denied)
    logger.info("denied: %s (%s)", denied.message, denied.hint)
    return iam_evaluator.EvalResult("Deny" if verdict.explicit else "ImplicitDeny", principal_arn=arn)


def message_of(denied):
    """AWS's message for what `enforce` answered last in this request."""
    return denied.message if isinstance(denied, iam_evaluator.AuthError) else _denial.get().message


def record(arn, action, resource, region, service_context, judged, status):
    """A checked call as `calls()` shows it."""
    keys = {name: value for name, value in service_context.items() if value is not None}
    call = {
        "time": round(time.time() * 1000), "service": action.split(":")[0], "action": action, "resource": resource, "region": region,
        "status": status, **({"context": keys} if keys else {}),
    }
    return call | gate.identity_of(arn) | gate.outcome_of(judged[1] if judged else None)


def _hiding_absence(handler):
    """S3 answers 403 instead of 404 for an absent object when the caller may not list the bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_Permissions
    """

    async def handle(method, path, headers, body, query_params):
        answer = await handler(method, path, headers, body, query_params)
        bucket, _, key = path.lstrip("/").partition("/")
        if answer[0] != 404 or method not in ("GET", "HEAD") or not key or not _absent(method, answer):
            return answer
        access_key = app.extract_access_key_id(headers, query_params)
        credential = iam_evaluator.resolve_credential(access_key or "")
        bucket_arn = f"arn:aws:s3:::{bucket}"
        if gate.mode != gate.ENFORCE or gate.may(credential.principal_arn, "s3:ListBucket", bucket_arn, get_region(), sts._sessions.get(access_key)):
            return answer
        return iam_actions.access_denied_response("s3", "s3:ListBucket", credential.principal_arn, "", headers=headers, resource_arn=bucket_arn)

    return handle


def _absent(method, answer):
    body = answer[2]
    return method == "HEAD" or (isinstance(body, (bytes, str)) and b"NoSuchKey" in (body if isinstance(body, bytes) else body.encode()))
