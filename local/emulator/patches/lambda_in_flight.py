"""An update of a function kills its workers, running invocations with them.

On AWS, an invocation that has begun keeps the code and configuration that it began with; the next one has the new.
No report upstream; ministack 1.5.33.
"""

import contextvars
import threading
import types

from ministack.core import lambda_runtime
from ministack.core.responses import request_scope
from ministack.services import lambda_svc

from . import scratch

_updating = contextvars.ContextVar("fileworks_function_update", default=False)
_lock = threading.Lock()
_retired = set()
"""Ids of workers that end with their invocation."""


def needed():
    worker = types.SimpleNamespace(in_use=True, _proc=None, killed=False, last_used=0)
    worker._discard_tmpdir = lambda: setattr(worker, "killed", True)
    key = f"{scratch.ACCOUNT}:{scratch.REGION}:probe:$LATEST"
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        lambda_svc._functions["probe"] = {"config": {"FunctionName": "probe", "FunctionArn": lambda_svc._func_arn("probe")}}
        lambda_runtime._workers[key] = [worker]
        try:
            lambda_svc._update_config("probe", {"MemorySize": 256})
            return worker.killed
        finally:
            lambda_runtime._workers.pop(key, None)
            lambda_svc._functions.pop("probe", None)


def apply():
    kill, release = lambda_runtime.kill_workers, lambda_runtime.release_worker

    def kill_unless_busy(workers):
        workers = [worker for worker in workers if worker is not None]
        busy = [worker for worker in workers if _updating.get() and worker.in_use]
        with _lock:
            _retired.update(id(worker) for worker in busy)
        kill([worker for worker in workers if worker not in busy])
        for worker in busy:
            # Its invocation may have ended in the meantime.
            if not worker.in_use:
                end_if_retired(worker)

    def end_if_retired(worker):
        with _lock:
            ends = id(worker) in _retired
            _retired.discard(id(worker))
        if ends:
            kill([worker])

    def release_and_end(worker):
        release(worker)
        end_if_retired(worker)

    lambda_runtime.kill_workers = kill_unless_busy
    lambda_runtime.release_worker = lambda_svc.release_worker = release_and_end
    lambda_svc._update_code = _while_updating(lambda_svc._update_code)
    lambda_svc._update_config = _while_updating(lambda_svc._update_config)


def _while_updating(update):
    def updating(*args, **kwargs):
        token = _updating.set(True)
        try:
            return update(*args, **kwargs)
        finally:
            _updating.reset(token)

    return updating
