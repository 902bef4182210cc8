"""Functions: retries of asynchronous invocations and pauses of event source mappings, on the clock."""

import time
from types import SimpleNamespace

import clock
from ministack.services import lambda_svc

# Shorter pauses wait for a process of this machine.
_SHORTEST_PAUSE_SECONDS = 1


def apply():
    lambda_svc.time = SimpleNamespace(**{**vars(time), "sleep": _sleep})
    lambda_svc._ESM_BACKOFF_SECONDS = clock.real(lambda_svc._ESM_BACKOFF_SECONDS)
    clock.on_advance(_end_pauses)


def _sleep(seconds):
    (clock.sleep if seconds >= _SHORTEST_PAUSE_SECONDS else time.sleep)(seconds)


def _end_pauses(seconds):
    for mapping, end in list(lambda_svc._esm_backoff_until.items()):
        lambda_svc._esm_backoff_until[mapping] = end - clock.real(seconds)
    lambda_svc._esm_wake.set()
