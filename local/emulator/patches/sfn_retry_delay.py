"""Step Functions waits at most a minute before a retry, and knows neither MaxDelaySeconds nor JitterStrategy.

Seen in ministack 1.5.33; there is no upstream report.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

import contextvars
import random
from types import SimpleNamespace

import clock
from ministack.services import stepfunctions

_delay = contextvars.ContextVar("delay", default=None)


def needed():
    waits = []
    real, stepfunctions.time = stepfunctions.time, SimpleNamespace(sleep=waits.append)
    until, clock.until = clock.until, lambda moment, *_: waits.append(moment - clock.now())
    retry = {"ErrorEquals": ["Probe"], "IntervalSeconds": 90, "MaxDelaySeconds": 80, "MaxAttempts": 1}
    try:
        stepfunctions._with_retry_and_catch({"Retry": [retry]}, {}, {"State": {}}, _fail)
    except stepfunctions._ExecutionError:
        return [round(seconds) for seconds in waits] != [80]
    finally:
        stepfunctions.time, clock.until = real, until
    return True


def apply():
    find, sleep = stepfunctions._find_matching_retrier, stepfunctions._scaled_sleep

    def find_and_remember(retriers, error, retry_counts):
        retrier, index = find(retriers, error, retry_counts)
        if retrier is not None:
            _delay.set(_seconds(retrier, retry_counts.get(index, 0)))
        return retrier, index

    def sleep_as_remembered(seconds):
        # The next sleep after a retrier was found is the one before this retry.
        delay = _delay.get()
        _delay.set(None)
        sleep(seconds if delay is None else delay)

    stepfunctions._find_matching_retrier, stepfunctions._scaled_sleep = find_and_remember, sleep_as_remembered


def _seconds(retrier, count):
    exact = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** count
    delay = min(exact, retrier.get("MaxDelaySeconds", exact))
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay


def _fail():
    raise stepfunctions._ExecutionError("Probe", "")
