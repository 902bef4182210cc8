"""Lambda sends failed events to dead-letter queues and destinations with the execution role of the function.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from . import gate
from .hooks import Refused, permitted

_ACTIONS = {
    "sqs": ("sqs:SendMessage", "SQS"),
    "sns": ("sns:Publish", "SNS"),
    "lambda": ("lambda:InvokeFunction", "Lambda"),
    "events": ("events:PutEvents", "EventBridge"),
    "s3": ("s3:PutObject", "S3"),
}


def apply():
    _check_configuration()
    _check_deliveries()


def role_of(function_name, qualifier=None):
    """Execution role and ARN of a function; None when it does not exist."""
    function, _config = lambda_svc._get_func_record_for_qualifier(function_name, qualifier)
    config = (function or {}).get("config") or {}
    return (config["Role"], config["FunctionArn"]) if config.get("Role") else None


def check(role, destination):
    """Raises `Refused` unless the execution role, with the ARN of its function, may write to the destination."""
    call = destination and _call(destination)
    if not call:
        return
    action, service, resource = call
    try:
        gate.role_call(role[0], "lambda.amazonaws.com", action, resource, source_arn=role[1])
    except gate.Denied as denied:
        # https://github.com/elastic/beats/issues/13963 quotes the words.
        raise Refused(
            f"The provided execution role does not have permissions to call {action.split(':')[1]} on {service}", denied
        ) from denied


def _check_configuration():
    put = lambda_svc._put_event_invoke_config

    def put_checked(name, qualifier, data):
        try:
            check_all(name, qualifier, data.get("DestinationConfig"))
        except Refused as refused:
            return error_response_json("InvalidParameterValueException", refused.message, 400)
        return put(name, qualifier, data)

    lambda_svc._put_event_invoke_config = put_checked


def check_all(name, qualifier, configuration):
    role = role_of(name, qualifier)
    for outcome in (configuration or {}).values():
        if role:
            check(role, (outcome or {}).get("Destination"))


def _check_deliveries():
    to_destination, of_stream = lambda_svc._route_async_failure, lambda_svc._send_ddb_stream_failure_record

    def route(target, name, event, result):
        config = (lambda_svc._functions.get(name) or {}).get("config") or {}
        if _may_send(config, target):
            to_destination(target, name, event, result)

    def send(mapping, function, *arguments):
        target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if not target or _may_send(function.get("config") or function, target):
            of_stream(mapping, function, *arguments)

    lambda_svc._route_async_failure = route
    lambda_svc._send_ddb_stream_failure_record = send


def _may_send(config, target):
    call = _call(target)
    if not call or not config.get("Role"):
        return True
    action, _service, resource = call
    return permitted(
        gate.role_call, config["Role"], "lambda.amazonaws.com", action, resource, source_arn=config["FunctionArn"]
    )


def _call(destination):
    parts = destination.split(":")
    action, service = _ACTIONS.get(parts[2] if len(parts) > 5 else "", (None, None))
    # Lambda names the objects itself.
    return action and (action, service, f"{destination}/*" if parts[2] == "s3" else destination)
