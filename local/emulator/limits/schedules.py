"""Schedule expressions: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""

import re
from datetime import datetime

from ministack.services import eventbridge, scheduler

from .refusal import Refused, guard

_RATE = re.compile(r"rate\((\d+) (minutes?|hours?|days?)\)")


def apply():
    guard(scheduler, "_create_schedule", lambda _name, body: check_schedule(body.get("ScheduleExpression")))
    guard(scheduler, "_update_schedule", lambda _name, body: check_schedule(body.get("ScheduleExpression")))


def check_schedule(expression):
    if expression and not _is_valid(expression):
        raise Refused("ValidationException", f"Invalid Schedule Expression {expression}.")


def check_rule_schedule(expression):
    """The rules of EventBridge know neither `at` nor a number of units with the wrong grammatical number.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    """
    rate = _RATE.fullmatch(expression or "")
    grammatical = rate and (int(rate[1]) == 1) != rate[2].endswith("s")
    if expression and (not _is_valid(expression) or expression.startswith("at(") or (rate and not grammatical)):
        raise Refused("ValidationException", "Parameter ScheduleExpression is not valid.")


def _is_valid(expression):
    rate = _RATE.fullmatch(expression)
    if rate:
        return int(rate[1]) > 0
    if expression.startswith("at("):
        try:
            datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")
            return True
        except ValueError:
            return False
    return expression.startswith("cron(") and eventbridge._parse_cron_fields(expression) is not None
