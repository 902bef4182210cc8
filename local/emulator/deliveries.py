"""Deliveries of the event bus with the guarantees of AWS, on request: at least once, in any order."""

import random
import threading

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge

_repeat = 0.0
_delay_seconds = 0.0


def disturb(repeat, delay_seconds):
    """From now on repeat each delivery with this probability, and delay each for a random time of at most `delay_seconds`."""
    global _repeat, _delay_seconds
    _repeat, _delay_seconds = repeat, delay_seconds


def apply():
    deliver = eventbridge._invoke_target

    def invoke(*args, **kwargs):
        copies = 2 if random.random() < _repeat else 1
        for _ in range(copies):
            if _delay_seconds > 0:
                _later(random.random() * _delay_seconds, deliver, args, kwargs)
            else:
                deliver(*args, **kwargs)

    eventbridge._invoke_target = invoke


def _later(seconds, deliver, args, kwargs):
    account, region = get_account_id(), get_region()

    def run():
        with request_scope(account, region):
            deliver(*args, **kwargs)

    timer = threading.Timer(seconds, run)
    timer.daemon = True
    timer.start()
