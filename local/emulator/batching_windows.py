"""Batching windows of event source mappings on queues, on the clock.

A function gets its messages when there are as many as its batch may have, or when the window has passed since the
first was sent.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
"""

import time

from authorization import event_sources
from ministack.services import sqs
from timing import queues

# The emulator passes on no more messages at once.
_MAX_MESSAGES = 10


def apply():
    receive = sqs._receive_messages_for_esm

    def receive_when_ready(queue_url, max_number):
        mapping = event_sources.acting()
        return receive(queue_url, max_number) if _is_ready(mapping, sqs._get_q(queue_url), max_number) else []

    sqs._receive_messages_for_esm = receive_when_ready


def _is_ready(mapping, queue, max_number):
    now = time.time()
    waiting = [message for message in queue["messages"] if message["visible_at"] <= now]
    if not waiting or len(waiting) >= min(max_number, _MAX_MESSAGES):
        return True
    return max(map(queues.age, waiting)) >= int(mapping.get("MaximumBatchingWindowInSeconds") or 0)
