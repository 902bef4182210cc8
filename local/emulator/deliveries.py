"""Deliveries of the event bus with the guarantees of AWS, on request: at least once, in any order."""

import random

import clock
from ministack.services import eventbridge

_repeat = 0.0
_delay_seconds = 0.0


def disturb(repeat, delay_seconds):
    """From now on repeat each delivery with this probability, and delay each for a random time of at most `delay_seconds`."""
    global _repeat, _delay_seconds
    _repeat, _delay_seconds = repeat, delay_seconds


def apply():
    deliver = eventbridge._invoke_target

    def invoke(*args):
        copies = 2 if random.random() < _repeat else 1
        for _ in range(copies):
            if _delay_seconds > 0:
                # On the clock of processes: it is late for the processes that compare it with what they have seen.
                clock.later(random.random() * _delay_seconds / clock.on_machine(1), deliver, *args)
            else:
                deliver(*args)

    eventbridge._invoke_target = invoke
