"""Fair queues: messages of a group with a large share of the messages in flight come after those of the other groups.

Only the share of messages in flight makes a group noisy here, not its share of the processing time.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
"""

import time
from collections import Counter

from ministack.services import sqs
from timing import queues

NOISY_SHARE = 0.1
NOISY_MESSAGES = 30
QUIET_AFTER_SECONDS = 300


def apply():
    collect = sqs._collect_msgs

    def fairly(queue, max_messages, visibility_timeout):
        if queue["is_fifo"] or not any(message.get("group_id") for message in queue["messages"]):
            return collect(queue, max_messages, visibility_timeout)
        noisy, in_flight = noisy_groups(queue), _in_flight(queue)

        def place(message):
            """Those of quiet groups come first; of the noisy groups, the one with the fewest in flight does."""
            group = message.get("group_id")
            return in_flight[group] if group in noisy else -1

        return collect({**queue, "messages": sorted(queue["messages"], key=place)}, max_messages, visibility_timeout)

    sqs._collect_msgs = fairly


def noisy_groups(queue):
    """A group stays noisy until it has no backlog, or has sent nothing for five minutes."""
    noisy, in_flight = queue.setdefault("_noisy_groups", set()), _in_flight(queue)
    total = sum(in_flight.values())
    noisy |= {
        group for group, count in in_flight.items() if group and count >= NOISY_MESSAGES and count > NOISY_SHARE * total
    }
    waiting = {message.get("group_id") for message in queue["messages"] if message["visible_at"] <= time.time()}
    sending = {message.get("group_id") for message in queue["messages"] if queues.age(message) < QUIET_AFTER_SECONDS}
    noisy &= waiting & sending
    return noisy


def is_quiet(queue):
    """Whether a message is in a quiet group."""
    noisy = noisy_groups(queue)
    return lambda message: message.get("group_id") not in noisy


def _in_flight(queue):
    now = time.time()
    received = [message for message in queue["messages"] if message["receive_count"]]
    return Counter(message.get("group_id") for message in received if message["visible_at"] > now)
