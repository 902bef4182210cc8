"""Limits of EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""

import json

from ministack.services import eventbridge

from . import schedules
from .refusal import Refused, guard

TARGETS_OF_RULE = 5
WILDCARD_RULES_OF_BUS = 30
PATTERN_CHARACTERS = 2_048
ENTRIES_BYTES = 1_048_576


def apply():
    guard(eventbridge, "_put_rule", _check_rule)
    guard(eventbridge, "_put_targets", _check_targets)
    guard(eventbridge, "_put_events", _check_entries)


def check_pattern(pattern):
    if len(pattern) > PATTERN_CHARACTERS:
        raise _over_quota()


def check_target_count(count):
    if count > TARGETS_OF_RULE:
        raise _over_quota()


def check_wildcard_rules(patterns):
    if sum(map(has_wildcard, patterns)) > WILDCARD_RULES_OF_BUS:
        raise _over_quota()


def has_wildcard(pattern):
    try:
        return _contains_wildcard(json.loads(pattern) if isinstance(pattern, str) else pattern)
    except ValueError:
        return False


def _contains_wildcard(value):
    if isinstance(value, dict):
        return "wildcard" in value or any(map(_contains_wildcard, value.values()))
    return isinstance(value, list) and any(map(_contains_wildcard, value))


def _over_quota():
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html#API_PutRule_Errors"""
    return Refused("LimitExceededException", "The requested resource exceeds the maximum number allowed.")


def _check_rule(data):
    pattern = data.get("EventPattern") or ""
    check_pattern(pattern)
    schedules.check_rule_schedule(data.get("ScheduleExpression"))
    bus = data.get("EventBusName", "default")
    if has_wildcard(pattern):
        others = [rule["EventPattern"] for rule in eventbridge._rules.values() if rule["EventBusName"] == bus and rule["Name"] != data.get("Name")]
        check_wildcard_rules([*others, pattern])


def _check_targets(data):
    key = eventbridge._rule_key(data.get("Rule"), data.get("EventBusName", "default"))
    targets = [*eventbridge._targets.get(key, ()), *data.get("Targets", ())]
    check_target_count(len({target.get("Id") for target in targets}))


def _check_entries(data, allow_aws_source=False):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""
    if not allow_aws_source and sum(map(_entry_bytes, data.get("Entries", ()))) >= ENTRIES_BYTES:
        raise Refused("ValidationException", "Total size of the entries in the request is over the limit.")


def _entry_bytes(entry):
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + (entry.get("Resources") or [])
    return (14 if entry.get("Time") else 0) + sum(len(text.encode()) for text in texts if isinstance(text, str))
