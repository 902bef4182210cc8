"""Metrics of queues, sampled at the end of each minute of the clock.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
"""

import os

import clock
import fair_queues
from ministack.core.responses import request_scope
from ministack.services import sqs
from timing import queues

from . import store

NAMESPACE = "AWS/SQS"
# Messages that were received more often do not count for the age.
_MAX_RECEIVES = 3
# Whether queues send zeros too, and inactive queues send metrics.
_ALWAYS = os.environ.get("FILEWORKS_QUEUE_METRICS") == "always"
# A queue is active while it has messages, and for this time after its last message or call.
_ACTIVE_SECONDS = 6 * 3600
# Metrics that an active queue sends only while there are such messages.
_OF_SOME = ("NotVisible", "Delayed")


def apply():
    get, receive = sqs._get_q, sqs._receive_messages_for_esm

    def called(url, *args, **options):
        queue = get(url, *args, **options)
        queue["_used"] = clock.now()
        return queue

    def polled(url, *args, **options):
        queue = sqs._queues.get(url)
        if queue is not None:
            queue["_used"] = clock.now()
        return receive(url, *args, **options)

    sqs._get_q, sqs._receive_messages_for_esm = called, polled


def sample(minute):
    for (account, region, _url), queue in list(sqs._queues._data.items()):
        if not _is_active(queue):
            continue
        with request_scope(account, region):
            values = _values(queue)
        for name, value in values.items():
            store.put(
                NAMESPACE, name, {"QueueName": queue["name"]}, value, account=account, region=region,
                timestamp=minute * 60, unit="Seconds" if "Age" in name else "Count",
            )


def _is_active(queue):
    if queue["messages"]:
        queue["_used"] = clock.now()
    return _ALWAYS or clock.now() - queue.setdefault("_used", clock.now()) <= _ACTIVE_SECONDS


def _values(queue):
    values = _counts(queue, "")
    if any(message.get("group_id") for message in queue["messages"]) and not queue["is_fifo"]:
        quiet = fair_queues.is_quiet(queue)
        values["ApproximateNumberOfNoisyGroups"] = len(fair_queues.noisy_groups(queue))
        messages = [message for message in queue["messages"] if quiet(message)]
        values |= _counts({**queue, "messages": messages, "attributes": {**queue["attributes"]}}, "InQuietGroups")
    return values


def _counts(queue, suffix):
    sqs._refresh_counts(queue)
    counts = queue["attributes"]
    values = {
        f"ApproximateNumberOfMessages{metric}{suffix}": int(counts[f"ApproximateNumberOfMessages{attribute}"])
        for metric, attribute in (("Visible", ""), ("NotVisible", "NotVisible"), ("Delayed", "Delayed"))
        if _ALWAYS or metric not in _OF_SOME or int(counts[f"ApproximateNumberOfMessages{attribute}"]) > 0
    }
    counted = [message for message in queue["messages"] if queue["is_fifo"] or message["receive_count"] < _MAX_RECEIVES]
    ages = [_age(message) for message in counted]
    if ages:
        values[f"ApproximateAgeOfOldestMessage{suffix}"] = max(ages)
    return values


def _age(message):
    """In a dead-letter queue, since the message was moved there."""
    if "DeadLetterQueueSourceArn" in message["sys"]:
        return clock.now() - message.setdefault("_moved", clock.now())
    return queues.age(message)
