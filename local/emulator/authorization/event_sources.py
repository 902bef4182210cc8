"""Event source mappings read queues and streams with the execution role of their function.

Lambda checks the role when a mapping is created, and needs it at each poll.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html#events-dynamodb-permissions
"""

import threading
import time

from ministack.core.responses import error_response_json
from ministack.services import dynamodb, lambda_svc, sqs

from . import destinations, gate
from .hooks import Refused, before_resource, permitted

LAMBDA = "lambda.amazonaws.com"

_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_READS = ("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords")
_STREAM = (*_READS, "dynamodb:ListStreams")

_acting = threading.local()
"""The mapping for which this thread reads or deletes."""


def apply():
    _check_creation()
    _check_polls()
    _check_deletions()


def check(function_name, qualifier, source_arn, destination_config):
    """Raises `Refused` unless the role of the function may read the source and write to the destination."""
    role = destinations.role_of(function_name, qualifier)
    if role is None:
        return
    service = source_arn.split(":")[2] if source_arn.startswith("arn:") else ""
    for action in {"sqs": _QUEUE, "dynamodb": _STREAM}.get(service, ()):
        try:
            gate.role_call(role[0], LAMBDA, action, source_arn, source_arn=role[1])
        except gate.Denied as denied:
            if denied.action.startswith("kms:"):
                # The mapping is created; its polls fail.
                continue
            raise Refused(_words(service, action, source_arn), denied) from denied
    destinations.check(role, ((destination_config or {}).get("OnFailure") or {}).get("Destination"))


def _words(service, action, source_arn):
    """Quoted in these issues.

    https://github.com/functionalone/serverless-iam-roles-per-function/issues/21
    https://github.com/aws-amplify/amplify-js/issues/4793
    """
    if service == "sqs":
        return f"The provided execution role does not have permissions to call {action.split(':')[1]} on SQS"
    return (
        f"Cannot access stream {source_arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, and ListStreams Actions on your stream in IAM."
    )


def acting():
    """The mapping whose messages or records are read."""
    return _acting.mapping


def _check_creation():
    create = lambda_svc._create_esm

    def create_checked(data):
        name, qualifier, error = lambda_svc._resolve_existing_esm_function(data.get("FunctionName", ""))
        if error is None:
            try:
                check(name, qualifier, data.get("EventSourceArn", ""), data.get("DestinationConfig"))
            except Refused as refused:
                return error_response_json("InvalidParameterValueException", refused.message, 400)
        return create(data)

    lambda_svc._create_esm = create_checked
    before_resource("AWS::Lambda::EventSourceMapping", _check_properties)


def _check_properties(properties):
    reference = properties.get("FunctionName", "")
    name, qualifier = lambda_svc._resolve_request_scoped_name_and_qualifier(reference)
    check(name, qualifier, properties.get("EventSourceArn", ""), properties.get("DestinationConfig"))


def _check_polls():
    mappings, receive, read = lambda_svc._iter_all_esms, sqs._receive_messages_for_esm, dynamodb.stream_records_since

    def iterate():
        try:
            for account, region, mapping in mappings():
                _acting.mapping = mapping
                yield account, region, mapping
        finally:
            _acting.mapping = None

    def receive_permitted(queue_url, max_number):
        # A poll of an empty queue is not worth a record: there is one each second for each mapping.
        if _nothing_visible(queue_url) or _may(("sqs:ReceiveMessage",)):
            return receive(queue_url, max_number)
        return []

    def read_permitted(*arguments, **scope):
        records = read(*arguments, **scope)
        return records if not records or _may(_READS) else []

    lambda_svc._iter_all_esms = iterate
    sqs._receive_messages_for_esm = receive_permitted
    dynamodb.stream_records_since = read_permitted


def _check_deletions():
    """A batch whose messages may not be deleted is processed, and its messages become visible again."""
    run_batch, delete = lambda_svc._run_sqs_batch, sqs._delete_messages_for_esm

    def run(mapping, *arguments):
        _acting.mapping = mapping
        try:
            run_batch(mapping, *arguments)
        finally:
            _acting.mapping = None

    def delete_permitted(queue_url, receipt_handles):
        if _may(("sqs:DeleteMessage",)):
            delete(queue_url, receipt_handles)

    lambda_svc._run_sqs_batch = run
    sqs._delete_messages_for_esm = delete_permitted


def _may(actions):
    mapping = getattr(_acting, "mapping", None)
    role = mapping and destinations.role_of(mapping["FunctionName"], mapping.get("Qualifier"))
    if not role:
        return True
    return all(
        permitted(gate.role_call, role[0], LAMBDA, action, mapping["EventSourceArn"], source_arn=role[1])
        for action in actions
    )


def _nothing_visible(queue_url):
    with sqs._queues_lock:
        now = time.time()
        return not any(message["visible_at"] <= now for message in sqs._get_q(queue_url)["messages"])
