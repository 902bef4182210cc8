"""The clock of the local cloud: times, waits and timers go through here."""

import contextvars
import threading
import time


def now():
    """Seconds since the epoch."""
    return time.time()


def sleep(seconds):
    time.sleep(seconds)


def later(seconds, function, *args):
    """Call `function` after `seconds`, with the account and the region of the caller."""
    timer = threading.Timer(seconds, contextvars.copy_context().run, (function, *args))
    timer.daemon = True
    timer.start()
