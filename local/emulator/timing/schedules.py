"""Scheduled rules and schedules, on the clock. Scheduled events have its time, all other events real time."""

import contextvars
import time
from datetime import datetime, timezone
from types import SimpleNamespace

import clock
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, scheduler

# A second, or less on a slow clock: a new schedule is seen within a second of real time.
_TICK_SECONDS = min(1, 1 / clock.real(1))

_parse_at = scheduler._at_time_epoch
_of_schedule = contextvars.ContextVar("of_schedule", default=False)


def apply():
    eventbridge._now_ts = lambda: clock.now() if _of_schedule.get() else time.time()
    scheduler.time = SimpleNamespace(time=clock.now)
    scheduler._at_time_epoch = _at(_parse_at)
    scheduler._update_schedule = _counting_anew(scheduler._update_schedule)
    eventbridge.start_scheduler = lambda: clock.every(_TICK_SECONDS, _fire_rules)
    scheduler.start_scheduler = lambda: clock.every(_TICK_SECONDS, _fire_schedules)


def _counting_anew(update):
    """Another expression makes another schedule: one for once, which the emulator has fired before, fires again."""

    def update_schedule(name, body):
        key = f"{body.get('GroupName', 'default')}/{name}"
        before = (scheduler._schedules.get(key) or {}).get("ScheduleExpression")
        answer = update(name, body)
        expression = body.get("ScheduleExpression", "")
        if answer[0] == 200 and expression != before:
            state_key = (get_account_id(), get_region(), key)
            scheduler._schedule_last_fired.pop(state_key, None)
            if _parse_at(expression) is None:
                scheduler._schedule_last_fired[state_key] = clock.now()
        return answer

    return update_schedule


def named_time(schedule, event):
    """The time for which a schedule made its event: that of `at(…)` as it is written, which may be real time."""
    named = _parse_at(schedule.get("ScheduleExpression", ""))
    moment = datetime.fromtimestamp(event["Time"] if named is None else named, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _at(parse):
    """A program that makes a one-time schedule may know only real time: its moment is read when the schedule is new."""
    moments = {}

    def moment(expression):
        parsed = parse(expression)
        return None if parsed is None else moments.setdefault(expression, clock.of_client(parsed))

    return moment


def _fire_rules():
    _of_schedule.set(True)
    for key, rule in list(eventbridge._rules._data.items()):
        if rule.get("ScheduleExpression"):
            # The emulator counts the first interval from the creation, which it knows in real time.
            eventbridge._rule_last_fired.setdefault(key, clock.now())
    _keeping_rates(eventbridge._rule_last_fired, eventbridge._rules._data, eventbridge._tick_scheduled_rules)


def _fire_schedules():
    _keeping_rates(scheduler._schedule_last_fired, scheduler._schedules._data, scheduler._tick_schedules)


def _keeping_rates(fired, schedules, tick):
    """The next interval begins where the last one ended, not at the later moment at which the emulator looked."""
    before = dict(fired)
    tick()
    for key, last in before.items():
        interval = eventbridge._parse_rate_seconds((schedules.get(key) or {}).get("ScheduleExpression", ""))
        if interval and fired.get(key, last) != last:
            fired[key] = last + (fired[key] - last) // interval * interval
