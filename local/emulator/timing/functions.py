"""Functions: retries of asynchronous invocations, pauses of event source mappings and, if processes follow it, timeouts, on the clock."""

import os
import subprocess
import time
from types import SimpleNamespace

import clock
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

# Shorter pauses wait for a process of this machine.
_SHORTEST_PAUSE_SECONDS = 1

# A process starts and calls services in real time: an invocation that has less of it could do nothing.
_SHORTEST_TIMEOUT_SECONDS = 10


def apply():
    lambda_svc.time = SimpleNamespace(**{**vars(time), "sleep": _sleep})
    lambda_svc._ESM_BACKOFF_SECONDS = clock.on_machine(lambda_svc._ESM_BACKOFF_SECONDS)
    clock.on_advance(_end_pauses)
    if clock.processes_follow():
        # Idle processes are kept as long as they are in real time.
        lambda_runtime._LOCAL_WORKER_TTL /= clock.real(1)
        lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _on_clock})
        lambda_runtime.Worker.invoke = _bounded(lambda_runtime.Worker.invoke)


def _sleep(seconds):
    (clock.sleep if seconds >= _SHORTEST_PAUSE_SECONDS else time.sleep)(seconds)


def _end_pauses(seconds):
    for mapping, end in list(lambda_svc._esm_backoff_until.items()):
        lambda_svc._esm_backoff_until[mapping] = end - clock.on_machine(seconds)
    lambda_svc._esm_wake.set()


def _on_clock(command, **options):
    """Starts the process of a function; one of Node.js follows the clock."""
    environment = options.get("env") or os.environ
    node_options = " ".join(filter(None, (environment.get("NODE_OPTIONS"), os.environ["FILEWORKS_CLOCK_NODE_OPTIONS"])))
    return subprocess.Popen(command, **{**options, "env": {**environment, "NODE_OPTIONS": node_options}})


def _bounded(invoke):
    def invoke_on_clock(worker, *args, **kwargs):
        config = worker.config
        worker.config = {**config, "Timeout": _Timeout(config.get("Timeout", 3))}
        try:
            return invoke(worker, *args, **kwargs)
        finally:
            worker.config = config

    return invoke_on_clock


class _Timeout(float):
    """How long the emulator waits for a process in real time; as a number it is what the process sees."""

    def __new__(cls, seconds):
        timeout = super().__new__(cls, max(clock.real(seconds), min(seconds, _SHORTEST_TIMEOUT_SECONDS)))
        timeout._seconds = seconds
        return timeout

    def __float__(self):
        return super().__float__() / clock.real(1)

    def __str__(self):
        return str(self._seconds)

    def __format__(self, _spec):
        return str(self)
