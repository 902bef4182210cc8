"""Step Functions: Wait states and callbacks without a process on the clock, timeouts of processes in real time.

An expression of JSONata may take a minute, not a second as on AWS, because this machine may be busy.
"""

import contextvars
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import datetime, timezone

import clock
from ministack.services import stepfunctions

# These run a process of this machine, which calls back.
_PROCESSES = ("lambda:invoke", "ecs:runTask")
_LOOK_SECONDS = 0.1
_EXPRESSION_MS = 60_000
_NEVER_SECONDS = threading.TIMEOUT_MAX


def apply():
    stepfunctions.now_iso = _now_iso
    stepfunctions._sleep_until = _sleep_until
    stepfunctions._invoke_resource_with_timeout = _invoke_with_timeout
    stepfunctions._invoke_with_callback = _watched(stepfunctions._invoke_with_callback)
    stepfunctions.jsonata.Jsonata.jsonata = staticmethod(_patient(stepfunctions.jsonata.Jsonata.jsonata))


def _patient(parse):
    return lambda expression, *args, **options: parse(expression, *args, **{**options, "timeout": _EXPRESSION_MS})


def _invoke_with_timeout(resource, input_data, timeout):
    """After the timeout the task goes on, without effect."""
    deadline = clock.machine() + timeout
    pool = ThreadPoolExecutor(max_workers=1)
    future = pool.submit(contextvars.copy_context().run, stepfunctions._invoke_resource, resource, input_data)
    pool.shutdown(wait=False)
    while clock.machine() < deadline:
        try:
            return future.result(timeout=_LOOK_SECONDS)
        except NotYet:
            if future.done():
                raise
    raise stepfunctions._ExecutionError("States.Timeout", f"Task timed out after {timeout} seconds")


def _now_iso():
    return datetime.fromtimestamp(clock.now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _sleep_until(timestamp):
    try:
        moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return
    stepfunctions._scaled_sleep(clock.of_client(moment) - clock.now())


def _watched(call):
    def invoke(resource, input_data, token, state_def):
        limits = {name: float(state_def[name]) for name in ("TimeoutSeconds", "HeartbeatSeconds") if name in state_def}
        now = clock.machine if any(process in resource for process in _PROCESSES) else clock.now
        ended = threading.Event()
        threading.Thread(target=_watch, args=(token, limits, now, ended), daemon=True).start()
        try:
            return call(resource, input_data, token, {**state_def, "TimeoutSeconds": _NEVER_SECONDS})
        finally:
            ended.set()

    return invoke


def _watch(token, limits, now, ended):
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token"""
    began = beat = now()
    last = None
    while not ended.is_set():
        info = stepfunctions._task_tokens.get(token) or {}
        if info.get("heartbeat") != last:
            last, beat = info["heartbeat"], now()
        if now() - began >= limits.get("TimeoutSeconds", float("inf")):
            return _fail(info, "States.Timeout")
        if now() - beat >= limits.get("HeartbeatSeconds", float("inf")):
            return _fail(info, "States.HeartbeatTimeout")
        time.sleep(_LOOK_SECONDS)
    return None


def _fail(info, error):
    info["error"] = {"Error": error, "Cause": ""}
    if "event" in info:
        info["event"].set()
