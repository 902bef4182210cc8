"""Limits of Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

import contextvars
import json

from ministack.services import lambda_svc, sqs

from .refusal import Refused, guard

SYNCHRONOUS_BYTES = 6_291_456
ASYNCHRONOUS_BYTES = 1_048_576
ENVIRONMENT_BYTES = 4_096
UNWINDOWED_BATCH = 10
DEFAULT_TIMEOUT_SECONDS = 3
DEFAULT_VISIBILITY_SECONDS = 30


def apply():
    guard(lambda_svc, "_create_esm", _check_new_mapping)
    guard(lambda_svc, "_update_esm", _check_changed_mapping)
    guard(lambda_svc, "_create_function", lambda data, *_rest: check_environment(data))
    guard(lambda_svc, "_update_config", lambda _name, data, *_rest: check_environment(data))
    _limit_responses()
    _fail_malformed_batches()


# ── Functions ───────────────────────────────────────────────


def check_environment(data):
    variables = (data.get("Environment") or {}).get("Variables")
    text = json.dumps(variables, separators=(",", ":"), ensure_ascii=False) if variables else ""
    if len(text.encode()) > ENVIRONMENT_BYTES:
        raise Refused(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. "
            f"String measured: {text}",
        )


def check_payload(headers, body):
    asynchronous = headers.get("x-amz-invocation-type", "") == "Event"
    limit = ASYNCHRONOUS_BYTES if asynchronous else SYNCHRONOUS_BYTES
    if len(body or b"") > limit:
        operation = "InvokeAsync" if asynchronous else "InvokeFunction"
        raise Refused("RequestTooLargeException", f"Request must be smaller than {limit} bytes for the {operation} operation", 413)


def _limit_responses():
    invoke = lambda_svc._invoke

    async def limited(name, event, headers, *args, **kwargs):
        status, answer_headers, body = await invoke(name, event, headers, *args, **kwargs)
        if status == 200 and len(body or b"") > SYNCHRONOUS_BYTES:
            error = {
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": f"Response payload size exceeded maximum allowed payload size ({SYNCHRONOUS_BYTES} bytes).",
            }
            return status, {**answer_headers, "X-Amz-Function-Error": "Unhandled"}, json.dumps(error).encode()
        return status, answer_headers, body

    lambda_svc._invoke = limited


# ── Event source mappings ───────────────────────────────────


def _check_new_mapping(data):
    name, qualifier, error = lambda_svc._resolve_existing_esm_function(data.get("FunctionName", ""))
    queue = sqs._queue_by_arn(data.get("EventSourceArn", ""))
    if error or not queue:
        return
    record, _config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    timeout = ((record or {}).get("config") or {}).get("Timeout", DEFAULT_TIMEOUT_SECONDS)
    attributes = queue["attributes"]
    check_mapping(data, queue["is_fifo"], int(attributes.get("VisibilityTimeout", DEFAULT_VISIBILITY_SECONDS)), int(timeout))


def _check_changed_mapping(mapping_id, data):
    mapping = lambda_svc._esms.get(mapping_id)
    if mapping:
        _check_new_mapping({**mapping, **data, "FunctionName": data.get("FunctionName") or mapping["FunctionArn"]})


def check_mapping(data, is_fifo, visibility_seconds, timeout_seconds):
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """
    if visibility_seconds < timeout_seconds:
        raise _invalid(f"Invalid request provided: Queue visibility timeout: {visibility_seconds} seconds is less than Function timeout: {timeout_seconds} seconds")
    size, window = int(data.get("BatchSize") or 10), int(data.get("MaximumBatchingWindowInSeconds") or 0)
    if is_fifo and window:
        raise _invalid("Batching window is not supported for FIFO queues")
    if is_fifo and size > UNWINDOWED_BATCH:
        raise _invalid(f"Maximum batch size of a FIFO queue is {UNWINDOWED_BATCH}, got: {size}")
    if size > UNWINDOWED_BATCH and window < 1:
        raise _invalid(f"Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than {UNWINDOWED_BATCH}")


def _invalid(message):
    return Refused("InvalidParameterValueException", message)


# ── Partial batch responses ─────────────────────────────────

_mapping = contextvars.ContextVar("mapping", default=None)


def _fail_malformed_batches():
    """A malformed partial batch response fails the whole batch: the emulator deletes its messages.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    run, execute = lambda_svc._run_sqs_batch, lambda_svc._execute_function

    def run_batch(mapping, *args, **kwargs):
        token = _mapping.set(mapping)
        try:
            return run(mapping, *args, **kwargs)
        finally:
            _mapping.reset(token)

    def execute_strictly(record, event, *args, **kwargs):
        result = execute(record, event, *args, **kwargs)
        mapping = _mapping.get()
        if mapping and "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or ()) and not result.get("error") and _is_malformed(result.get("body")):
            every = [{"itemIdentifier": message["messageId"]} for message in event["Records"]]
            return {**result, "body": {"batchItemFailures": every}}
        return result

    lambda_svc._run_sqs_batch, lambda_svc._execute_function = run_batch, execute_strictly


def _is_malformed(body):
    try:
        response = json.loads(body) if isinstance(body, (str, bytes)) and body else body
    except ValueError:
        return True
    if not response:
        return False  # null and {} succeed.
    failures = response.get("batchItemFailures") if isinstance(response, dict) else response
    if failures is None:
        return False
    return not isinstance(failures, list) or not all(isinstance(item, dict) and item.get("itemIdentifier") for item in failures)


