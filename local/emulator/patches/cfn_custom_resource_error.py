"""A custom resource whose function ends with an error, before it answers, is in progress for an hour.

CloudFormation waits as well, because it invokes the function asynchronously and does not know its result. Here the
error is known, and a deployment that can only fail does so at once with its reason. Not reported
upstream, because it is as on AWS; ministack 1.5.33.
"""

from unittest import mock

from ministack.core.responses import request_scope
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from . import scratch

_FAILED = {"error": True, "body": {"errorMessage": "probe"}}


def needed():
    probe = {
        "_get_func_record_for_ref": lambda _ref: ({}, {}, "probe"),
        "_run_with_function_config_scope": lambda *_arguments: _FAILED,
    }
    with request_scope(scratch.ACCOUNT, scratch.REGION), mock.patch.multiple(lambda_svc, **probe):
        try:
            custom_resource.invoke_custom_resource("Create", "Probe", {"ServiceTimeout": 0}, "probe", "probe", "Custom::Probe")
        except TimeoutError:
            return True
        except RuntimeError:
            return False


def apply():
    original = lambda_svc._execute_function_with_config_scope

    def execute(func, event):
        result = original(func, event)
        token = _token(event)
        if token and result.get("error"):
            _fail(token, result.get("body") or {})
        return result

    lambda_svc._execute_function_with_config_scope = execute


def _token(event):
    """The token of CloudFormation's request; None for any other event."""
    url = event.get("ResponseURL", "") if isinstance(event, dict) else ""
    prefix = custom_resource._response_url("")
    return url.removeprefix(prefix) if isinstance(url, str) and url.startswith(prefix) else None


def _fail(token, body):
    pending = custom_resource._pending.get(token)
    if pending and pending["result"] is None:
        reason = body.get("errorMessage", "") if isinstance(body, dict) else str(body)
        custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": f"its function failed: {reason}"})
