"""The clock of the local cloud, on which it waits for everything that it waits for by itself.

It starts at real time, runs `FILEWORKS_SPEED` times as fast, and can be moved forward. What processes of this machine see,
and what bounds them (leases, timeouts of tasks and functions), is measured on the clock of `machine()`. This runs in real
time and moves forward with the clock of the cloud, or it is that clock when processes follow it.
"""

import contextvars
import datetime
import heapq
import itertools
import logging
import math
import os
import threading
import time

logger = logging.getLogger("fileworks.clock")

_real_time = time.time

_STARTED = float(os.environ.get("FILEWORKS_CLOCK_START") or _real_time())
_SPEED = float(os.environ.get("FILEWORKS_SPEED") or 1)
_PROCESSES_FOLLOW = os.environ.get("FILEWORKS_PROCESS_CLOCK") == "cloud"

# A step forward waits for the work that it makes due, but not for processes that this work runs.
_WORK_SECONDS = 1
_WAKE_SECONDS = 0.01

_MIN_STEP_SECONDS = 1

# Real time between two runs of periodic work, however fast the clock is.
_MIN_PERIOD_SECONDS = 0.05

_changed = threading.Condition()
_advanced = 0.0
_due = []
_order = itertools.count()
_sleeping = {}
_thread = None
_listeners = []


def now():
    """Seconds since the epoch, on this clock."""
    return _STARTED + (_real_time() - _STARTED) * _SPEED + _advanced


def real_now():
    return _real_time()


def processes_follow():
    return _PROCESSES_FOLLOW


def machine():
    """Seconds since the epoch on the clock of processes, plus what the clock was moved forward: for what bounds them."""
    return now() if _PROCESSES_FOLLOW else _real_time() + _advanced


def on_machine(seconds):
    """How many seconds of the clock of processes, which is that of `time.time()`, `seconds` of this clock are."""
    return seconds if _PROCESSES_FOLLOW else seconds / _SPEED


def real(seconds):
    """How long `seconds` of this clock take."""
    return seconds / _SPEED


def real_of_machine(seconds):
    """How long `seconds` of the clock of processes take."""
    return seconds / _SPEED if _PROCESSES_FOLLOW else seconds


def take_over():
    """If processes follow this clock, have the emulator see no other, before it is imported."""
    if not _PROCESSES_FOLLOW:
        return
    gmtime, localtime, real_datetime = time.gmtime, time.localtime, datetime.datetime

    class Like(type):
        def __instancecheck__(cls, instance):
            return isinstance(instance, real_datetime)

    class CloudDatetime(real_datetime, metaclass=Like):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(now(), tz)

        @classmethod
        def utcnow(cls):
            return cls.fromtimestamp(now(), datetime.timezone.utc).replace(tzinfo=None)

    time.time = now
    time.time_ns = lambda: int(now() * 1e9)
    time.gmtime = lambda seconds=None: gmtime(now() if seconds is None else seconds)
    time.localtime = lambda seconds=None: localtime(now() if seconds is None else seconds)
    datetime.datetime = CloudDatetime


def of_client(moment):
    """A moment that a client named, on this clock: a client knows real time, or asks for the time of the clock."""
    ahead = now() - _real_time()
    return moment + ahead if abs(moment - _real_time()) < abs(moment - now()) else moment


def sleep(seconds):
    until(now() + seconds)


def until(moment, ended=lambda: False):
    """Wait for a moment of this clock; stop waiting when `ended()`, which is asked every 0.1 real seconds."""
    me = next(_order)
    with _changed:
        _sleeping[me] = moment
        try:
            while (left := moment - now()) > 0 and not ended():
                _changed.wait(min(real(left), 0.1))
        finally:
            del _sleeping[me]


def later(seconds, function, *args):
    """Call `function` after `seconds`, in a thread of its own, with the account and the region of the caller."""
    _at(now() + seconds, False, function, *args)


def _at(moment, periodic, function, *args):
    global _thread
    with _changed:
        heapq.heappush(_due, (moment, next(_order), (contextvars.copy_context().run, function, *args), periodic))
        if _thread is None:
            _thread = threading.Thread(target=_run, daemon=True, name="clock")
            _thread.start()
        _changed.notify_all()


def every(seconds, function):
    """Call `function` again and again; `seconds` after the one ended, the next begins."""

    def run():
        try:
            function()
        except Exception:
            logger.exception("periodic work failed")
        _at(now() + max(seconds, _MIN_PERIOD_SECONDS * _SPEED), True, run)

    _at(now() + seconds, True, run)


def on_advance(listener):
    """Call `listener(seconds)` before each step forward: for times that are kept in real time."""
    _listeners.append(listener)


def advance(seconds):
    """Move the clock forward, from one moment that work waits for to the next, and run this work.

    Periodic work runs once in each such step. The parent moves the clock by at most a minute at a time, and evaluates
    alarms between.
    """
    while seconds > 0:
        with _changed:
            awaited = [moment for moment, _, _, periodic in _due if not periodic] + [*_sleeping.values()]
        step = min(seconds, max(_MIN_STEP_SECONDS, min(awaited, default=math.inf) - now()))
        _step(step)
        seconds -= step


def _step(seconds):
    global _advanced
    for listener in _listeners:
        listener(seconds)
    with _changed:
        _advanced += seconds
    deadline = time.monotonic() + _WORK_SECONDS
    for thread in _start_due():
        thread.join(max(0, deadline - time.monotonic()))
    with _changed:
        woken = any(moment <= now() for moment in _sleeping.values())
        _changed.notify_all()
    if woken:
        time.sleep(_WAKE_SECONDS)


def _run():
    while True:
        with _changed:
            while not _due or _due[0][0] > now():
                _changed.wait(min(real(_due[0][0] - now()), 60) if _due else None)
        _start_due()


def _start_due():
    threads = []
    with _changed:
        while _due and _due[0][0] <= now():
            _moment, _, (run, *args), _periodic = heapq.heappop(_due)
            threads.append(threading.Thread(target=run, args=args, daemon=True))
    for thread in threads:
        thread.start()
    return threads
