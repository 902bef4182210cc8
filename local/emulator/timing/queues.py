"""Queues: delay, retention and deduplication on the clock; leases, long polls and times of messages on that of processes."""

import time

import clock
from ministack.services import sns, sqs

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
_DEDUPLICATION_SECONDS = 300


def apply():
    sqs._DEDUP_WINDOW_S = sns._DEDUP_WINDOW_S = clock.on_machine(_DEDUPLICATION_SECONDS)
    _delay_sends()
    sqs._expire_retained = _expire
    clock.on_advance(_age_by)


def age(message):
    """Seconds on the clock since the message was enqueued."""
    enqueued = message.get("enqueued_at", message["sent_at"])
    if message.get("_enqueued") != enqueued:
        # Seen for the first time, or moved to a dead-letter queue that starts its age anew.
        message["_enqueued"], message["_since"] = enqueued, clock.now() - (time.time() - enqueued) / clock.on_machine(1)
    return clock.now() - message["_since"]


def _delay_sends():
    send, queue_delay = sqs._act_send_message, sqs.queue_delay

    def act(data, qurl):
        result = send(data, qurl)
        queue = sqs._get_q(data.get("QueueUrl", qurl))
        message = next((m for m in reversed(queue["messages"]) if m["id"] == result["MessageId"]), None)
        # A duplicate names the first message, whose delay runs.
        if message and not message.get("_delayed"):
            message["_delayed"] = True
            message["visible_at"] = message["sent_at"] + clock.on_machine(message["visible_at"] - message["sent_at"])
        return result

    sqs._act_send_message = sqs._HANDLERS["SendMessage"] = act
    # Of messages that other services put into the queue themselves.
    sqs.queue_delay = lambda queue: clock.on_machine(queue_delay(queue))


def _expire(queue):
    retention = int(queue["attributes"].get("MessageRetentionPeriod", "345600"))
    for message in queue["messages"]:
        sqs._ensure_msg_fields(message)
    if any(age(message) >= retention for message in queue["messages"]):
        queue["messages"] = [message for message in queue["messages"] if age(message) < retention]


def _age_by(seconds):
    """The clock moves forward, and real time does not: times in real time move back instead."""
    for queue in list(sqs._queues._data.values()):
        for message in list(queue["messages"]):
            sqs._ensure_msg_fields(message)
            age(message)
            _move_back(message, seconds)
    for owner in (*sqs._queues._data.values(), *sns._topics._data.values()):
        for sent in list((owner.get("dedup_cache") or {}).values()):
            sent["expire"] -= clock.on_machine(seconds)


def _move_back(message, seconds):
    message["visible_at"] -= seconds if message["receive_count"] else clock.on_machine(seconds)
    for stamp in ("sent_at", "enqueued_at", "first_receive_at", "_enqueued"):
        if message.get(stamp) is not None:
            message[stamp] -= seconds
    sent = message["sys"].get("SentTimestamp")
    if sent is not None:
        message["sys"]["SentTimestamp"] = str(int(sent) - round(seconds * 1000))
