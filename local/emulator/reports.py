"""Reports to the parent: JSON lines on file descriptor 3, in order, without blocking the sender."""

import json
import os
import queue
import threading

_pending = queue.SimpleQueue()


def send(kind, body):
    _pending.put((kind, body))


def _write():
    with os.fdopen(3, "w", encoding="utf-8") as channel:
        while True:
            kind, body = _pending.get()
            channel.write(json.dumps({"kind": kind, **body}, default=str) + "\n")
            if _pending.empty():
                channel.flush()


def start():
    threading.Thread(target=_write, daemon=True, name="reports").start()


if os.environ.get("FILEWORKS_REPORTS") == "1":
    start()
