"""Signatures of programs that know only real time, beside processes that follow the clock."""

from datetime import datetime, timezone

import clock
from ministack.core import sigv4


def apply():
    if not clock.processes_follow():
        return
    failure = sigv4.request_time_failure

    def failure_on_either_clock(signature, *, now=None):
        signed = sigv4._amz_datetime(signature.amz_date)
        between = signed and min(max(signed.timestamp(), clock.real_now()), clock.now())
        return failure(signature, now=now or (between and datetime.fromtimestamp(between, timezone.utc)))

    sigv4.request_time_failure = failure_on_either_clock
