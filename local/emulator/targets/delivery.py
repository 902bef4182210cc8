"""Retry policies of targets.

A transient error is retried with exponential back-off and jitter, by default 185 times in 24 hours. What is not delivered then, or fails for good,
goes to the dead-letter queue of the target. AWS documents no length of a delay; with ours the 185 retries take most of the 24 hours.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
"""

import logging
import random

import clock
from ministack.services import eventbridge

from . import dead_letters, metrics, permissions
from .errors import DeliveryError

logger = logging.getLogger("fileworks.targets")

ATTEMPT = "_Attempt"
"""The number of the attempt, in the event that an attempt gets."""

_MAX_RETRIES = 185
_MAX_AGE_SECONDS = 86_400
_FIRST_DELAY_SECONDS = 1
_MAX_DELAY_SECONDS = 600


def apply():
    attempt = eventbridge._invoke_target

    def invoke(target, event, rule, view=None):
        if _is_first(target):
            metrics.count("matched", rule)
        _deliver(attempt, (target, event, rule, view), clock.now(), 0)

    eventbridge._invoke_target = invoke


def _is_first(target):
    """Once for an event, however many targets the rule has."""
    return any(targets and targets[0] is target for targets in eventbridge._targets.values())


def _deliver(attempt, delivery, since, retries):
    target, event, rule, view = delivery
    metrics.count("attempt", rule)
    try:
        permissions.check(target, rule)
        attempt(target, {**event, ATTEMPT: retries + 1}, rule, view)
        metrics.count("delivered", rule)
        return
    except DeliveryError as failed:
        error = failed
    except Exception as failed:
        logger.exception("cannot call target %s of %s", target.get("Arn"), rule.get("Name"))
        error = DeliveryError("INTERNAL_ERROR", str(failed), api_code="AWS.Scheduler.InternalServerError")
    metrics.count("error", rule)
    delay = random.uniform(0.5, 1) * min(_FIRST_DELAY_SECONDS * 2 ** retries, _MAX_DELAY_SECONDS)
    exhausted = _exhausted(target.get("RetryPolicy") or {}, retries, clock.now() + delay - since)
    if error.transient and exhausted is None:
        logger.info("target %s of %s failed, and is called again in %.1f s: %s", target.get("Arn"), rule.get("Name"), delay, error)
        clock.later(delay, _deliver, attempt, delivery, since, retries + 1)
        return
    metrics.count("failed", rule)
    dead_letters.send(delivery, error, retries, exhausted if error.transient else None)


def _exhausted(policy, retries, age):
    if retries >= int(policy.get("MaximumRetryAttempts", _MAX_RETRIES)):
        return "MaximumRetryAttempts"
    return "MaximumEventAgeInSeconds" if age > int(policy.get("MaximumEventAgeInSeconds", _MAX_AGE_SECONDS)) else None
