"""Metrics of queues, sampled at the end of each minute of the clock.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import clock
import fair_queues
from ministack.core.responses import request_scope
from ministack.services import sqs
from timing import queues

from . import store

NAMESPACE = "AWS/SQS"
# Messages that were received more often do not count for the age.
_MAX_RECEIVES = 3


def sample(minute):
    for (account, region, _url), queue in list(sqs._queues._data.items()):
        with request_scope(account, region):
            values = _values(queue)
        for name, value in values.items():
            store.put(
                NAMESPACE, name, {"QueueName": queue["name"]}, value, account=account, region=region,
                timestamp=minute * 60, unit="Seconds" if "Age" in name else "Count",
            )


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
