"""IAM is eventually consistent: a change of a role or user takes effect after a delay, which a test sets.

A permission that is added is denied until then, and one that is removed lingers. Policies of resources change at once.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

import contextlib
import threading

import clock
from ministack import app
from ministack.services.cloudformation import provisioners

from . import identities

_seconds = 0.0
_lock = threading.Lock()
_before = {}
"""Key of a role or user -> its changes that have no effect yet, oldest first: their time, and what it was before."""


def by(seconds):
    """A change takes effect `seconds` after it was made, also one that was made already."""
    global _seconds
    _seconds = seconds


def apply():
    identities.seen = seen
    handle = app.SERVICE_HANDLERS["iam"]

    async def handle_recorded(*args, **kwargs):
        with _recorded():
            return await handle(*args, **kwargs)

    app.SERVICE_HANDLERS["iam"] = handle_recorded
    for name, handlers in provisioners._RESOURCE_HANDLERS.items():
        if name.startswith("AWS::IAM::"):
            provisioners._RESOURCE_HANDLERS[name] = {
                operation: _recording(handler) if operation in ("create", "update", "delete") else handler
                for operation, handler in handlers.items()
            }


def seen(key):
    """The role or user before its oldest change that has no effect yet."""
    with _lock:
        changes = [(at, entity) for at, entity in _before.get(key, ()) if at + _seconds > clock.now()]
        if changes:
            _before[key] = changes
            return changes[0][1]
        _before.pop(key, None)
    return identities.current(key)


@contextlib.contextmanager
def _recorded():
    """What changes in the block takes effect later. A new role or user exists at once, without a delay."""
    before = {key: identities.current(key) for key in identities.every_key()} if _seconds else {}
    try:
        yield
    finally:
        with _lock:
            for key, entity in before.items():
                if identities.current(key) != entity:
                    _before.setdefault(key, []).append((clock.now(), entity))


def _recording(handler):
    def recorded(*args, **kwargs):
        with _recorded():
            return handler(*args, **kwargs)

    return recorded
