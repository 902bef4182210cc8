"""Why a target was not called."""


from authorization.gate import Failed


class DeliveryError(Exception):
    """A failed attempt. Only after a transient error EventBridge tries again.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    def __init__(self, code, message, *, api_code, transient=False):
        """`code` is that of EventBridge, `api_code` that of the target's API, which EventBridge Scheduler reports."""
        super().__init__(message)
        self.code, self.api_code, self.transient = code, api_code, transient


def of_denial(denied):
    if isinstance(denied, Failed):
        return _of_failure(denied)
    code = "FAILED_TO_ASSUME_ROLE" if denied.action == "sts:AssumeRole" else "NO_PERMISSIONS"
    return DeliveryError(code, denied.message, api_code="AccessDeniedException")


def of_answer(answer):
    """The error in an answer with status 400 or more of a JSON service."""
    api_code, message = answer.get("__type", "").rsplit("#", 1)[-1], answer.get("message", "")
    if "Throttl" in api_code:
        return DeliveryError("THROTTLING", message, api_code=api_code, transient=True)
    if api_code.startswith(("Server", "Internal")):
        return DeliveryError("ERROR_FROM_TARGET", message, api_code=api_code, transient=True)
    return DeliveryError(_permanent(api_code), message, api_code=api_code)


def _of_failure(failed):
    if not failed.transient:
        return DeliveryError(_permanent(failed.code), failed.message, api_code=failed.code)
    throttled = 400 <= failed.status < 500
    return DeliveryError("THROTTLING" if throttled else "ERROR_FROM_TARGET", failed.message, api_code=failed.code, transient=True)


def _permanent(api_code):
    if "AccessDenied" in api_code:
        return "NO_PERMISSIONS"
    return "NO_RESOURCE" if "NotFound" in api_code or "DoesNotExist" in api_code else "INVALID_PARAMETER"
