"""Limits of SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html"""

import json
import time

import clock
from ministack.services import sqs

from . import policies
from .refusal import Refused

MAX_ATTRIBUTES = 10
ATTRIBUTE_RANGES = sqs._NUMERIC_ATTR_RANGES
PURGE_INTERVAL_SECONDS = 60


def apply():
    checks = {
        "CreateQueue": ("_act_create_queue", _check_new_queue),
        "SetQueueAttributes": ("_act_set_queue_attributes", _check_attributes),
        "SendMessage": ("_act_send_message", _check_message),
        "DeleteMessage": ("_act_delete_message", _check_delete),
        "ChangeMessageVisibility": ("_act_change_visibility", _check_visibility),
        "ReceiveMessage": ("_act_receive_message", _check_receive),
        "PurgeQueue": ("_act_purge_queue", _check_purge),
    }
    for action, (name, check) in checks.items():
        # A batch calls the function of the single action, or does the same for each entry.
        checked = _before(getattr(sqs, name), check)
        setattr(sqs, name, checked)
        sqs._HANDLERS[action] = checked
    sqs._HANDLERS["DeleteMessageBatch"] = _by_entry(sqs._HANDLERS["DeleteMessage"])
    sqs._HANDLERS["ChangeMessageVisibilityBatch"] = _by_entry(sqs._HANDLERS["ChangeMessageVisibility"])


def _before(function, check):
    def checked(data, queue_url):
        queue = sqs._queues.get(data.get("QueueUrl", queue_url))
        try:
            check(data, queue)
        except Refused as refused:
            raise sqs._Err(refused.code, refused.message, refused.status) from None
        return function(data, queue_url)

    return checked


def _by_entry(single):
    """Batches of the emulator do not call the function of the single action."""

    def batch(data, queue_url):
        queue_url = data.get("QueueUrl", queue_url)
        sqs._get_q(queue_url)
        sqs._validate_batch_entries(data.get("Entries", []), "BatchRequestEntry")
        successful, failed = [], []
        for entry in data["Entries"]:
            try:
                single({**entry, "QueueUrl": queue_url}, queue_url)
                successful.append({"Id": entry["Id"]})
            except sqs._Err as error:
                failed.append({"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True})
        return {"Successful": successful, "Failed": failed}

    return batch


# ── Queues ──────────────────────────────────────────────────


def _check_new_queue(data, _queue):
    is_fifo = data.get("QueueName", "").endswith(".fifo")
    check_queue(data.get("Attributes") or {}, is_fifo)


def _check_attributes(data, queue):
    if queue:
        check_queue(data.get("Attributes") or {}, queue["is_fifo"])


def check_queue(attributes, is_fifo):
    if attributes.get("Policy"):
        policies.check_queue_policy(attributes["Policy"])
    redrive = attributes.get("RedrivePolicy")
    try:
        target = json.loads(redrive)["deadLetterTargetArn"] if isinstance(redrive, str) else (redrive or {}).get("deadLetterTargetArn")
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    if isinstance(target, str) and target.startswith("arn:") and target.endswith(".fifo") != is_fifo:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
        text = redrive if isinstance(redrive, str) else json.dumps(redrive)
        raise Refused("InvalidParameterValue", f"Value {text} for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source queue.")


def _check_purge(_data, queue):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html"""
    if not queue:
        return
    if clock.now() - queue.get("_purged_at", float("-inf")) < PURGE_INTERVAL_SECONDS:
        name = queue["attributes"]["QueueArn"].rsplit(":", 1)[-1]
        raise Refused("PurgeQueueInProgress", f"Only one PurgeQueue operation on {name} is allowed every {PURGE_INTERVAL_SECONDS} seconds.", 403)
    queue["_purged_at"] = clock.now()


# ── Messages ────────────────────────────────────────────────


def _check_message(data, queue):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
    attributes = data.get("MessageAttributes") or {}
    if len(attributes) > MAX_ATTRIBUTES:
        raise Refused("InvalidParameterValue", f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].")
    _check_seconds("DelaySeconds", data.get("DelaySeconds"))
    size = len(str(data.get("MessageBody", "")).encode()) + sum(map(_attribute_bytes, attributes.items()))
    limit = int((queue or {"attributes": {}})["attributes"].get("MaximumMessageSize", 1_048_576))
    if attributes and size > limit:
        raise Refused("InvalidParameterValue", f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.")


def _attribute_bytes(attribute):
    """Name, type and value count: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html"""
    name, value = attribute
    binary = str(value.get("BinaryValue") or "")
    return len((name + str(value.get("DataType", "")) + str(value.get("StringValue") or "")).encode()) + len(binary) * 3 // 4


def _check_receive(data, _queue):
    _check_seconds("VisibilityTimeout", data.get("VisibilityTimeout"))
    _check_seconds("WaitTimeSeconds", data.get("WaitTimeSeconds"), "ReceiveMessageWaitTimeSeconds")


def _check_seconds(name, value, attribute=None):
    """The parameters of a call have the ranges of the queue's attributes."""
    low, high = ATTRIBUTE_RANGES[attribute or name]
    if value is not None and not low <= int(value) <= high:
        raise Refused("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {name} must be >= {low} and <= {high}.")


# ── Leases that have ended ──────────────────────────────────


def _check_delete(data, queue):
    """A FIFO queue refuses the handle of a lease that has ended; a standard queue deletes the message.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
    """
    message = _message(data, queue)
    if message and queue["is_fifo"] and message["visible_at"] <= time.time():
        raise Refused("InvalidParameterValue", f"Value {data['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")


def _check_visibility(data, queue):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html"""
    _check_seconds("VisibilityTimeout", data.get("VisibilityTimeout"))
    message = _message(data, queue)
    if message and message["visible_at"] <= time.time():
        if queue["is_fifo"]:
            raise Refused("InvalidParameterValue", f"Value {data['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
        raise Refused("MessageNotInflight", "The specified message isn't in flight.")


def _message(data, queue):
    handle = data.get("ReceiptHandle")
    return next((message for message in (queue or {}).get("messages", ()) if handle and message["receipt_handle"] == handle), None)
