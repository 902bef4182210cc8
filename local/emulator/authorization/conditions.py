"""Condition operators of IAM.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from . import patterns
from .errors import PolicyError
from .patterns import Context

Matcher = Callable[[str, Context], bool]  # a value of the request against one value of the policy; ValueError: other type
Make = Callable[[str, bool], Matcher]  # raises ValueError, which says what the value must be

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?)?)?"
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number")
    return float(text)


def _instant(text: str) -> float:
    """Seconds since 1970, of an ISO 8601 date or of such seconds."""
    found = _DATE.fullmatch(text)
    if _NUMBER.fullmatch(text) and len(text) != 4:
        return float(text)
    if not found:
        raise ValueError("a date in ISO 8601, or seconds since 1970")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    offset = timedelta()
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    fields = (int(field or least) for field, least in zip((month, day, hour, minute, second), (1, 1, 0, 0, 0)))
    try:
        at = datetime(int(year), *fields, tzinfo=timezone(offset))
    except ValueError:
        raise ValueError("a date that exists") from None
    return at.timestamp() + float(f"0.{fraction or 0}")


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("an IP address or a range in CIDR notation") from None


def _ordered(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Make:
    def make(expected: str, _variables: bool) -> Matcher:
        limit = read(expected)
        return lambda actual, _context: compare(read(actual), limit)

    return make


def _bool(expected: str, _variables: bool) -> Matcher:
    wanted = expected.lower()
    if wanted not in ("true", "false"):
        raise ValueError("true or false")
    return lambda actual, _context: actual.lower() == wanted


def _binary(expected: str, _variables: bool) -> Matcher:
    try:
        base64.b64decode(expected, validate=True)
    except binascii.Error:
        raise ValueError("Base64") from None
    return lambda actual, _context: actual == expected


def _ip(expected: str, _variables: bool) -> Matcher:
    network = _network(expected)
    return lambda actual, _context: ipaddress.ip_address(actual) in network


def _arn(expected: str, variables: bool) -> Matcher:
    text = patterns.arn(expected, variables)

    def matches(actual: str, context: Context) -> bool:
        if actual.count(":") < 5:
            raise ValueError("an ARN")
        return text.matches(actual, context)

    return matches


_BASE: dict[str, Make] = {
    "StringEquals": lambda expected, variables: patterns.literal(expected, variables).matches,
    "StringEqualsIgnoreCase": lambda expected, variables: patterns.literal(expected, variables).matches_ignoring_case,
    "StringLike": lambda expected, variables: patterns.glob(expected, variables).matches,
    "NumericEquals": _ordered(_number, operator.eq),
    "NumericLessThan": _ordered(_number, operator.lt),
    "NumericLessThanEquals": _ordered(_number, operator.le),
    "NumericGreaterThan": _ordered(_number, operator.gt),
    "NumericGreaterThanEquals": _ordered(_number, operator.ge),
    "DateEquals": _ordered(_instant, operator.eq),
    "DateLessThan": _ordered(_instant, operator.lt),
    "DateLessThanEquals": _ordered(_instant, operator.le),
    "DateGreaterThan": _ordered(_instant, operator.gt),
    "DateGreaterThanEquals": _ordered(_instant, operator.ge),
    "Bool": _bool,
    "BinaryEquals": _binary,
    "IpAddress": _ip,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_NAMES = {name.lower(): name for name in (*_BASE, *_NEGATED, "Null")}
_SETS = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}


@dataclass(frozen=True)
class Condition:
    operator: str
    key: str  # as the policy writes it
    values: tuple[str, ...]
    holds: Callable[[Context], bool]  # of a context with keys in lower case


def condition(policy: str, element: str, name: str, key: str, values: Sequence[str], variables: bool) -> Condition:
    """One line of a Condition: an operator, a key and the values of the policy."""
    where = f"{element}.{name}"
    quantifier, _, rest = name.rpartition(":")
    base = rest[: -len("IfExists")] if rest.lower().endswith("ifexists") else rest
    if_exists = base != rest
    known = _NAMES.get(base.lower())
    if known is None or (quantifier and quantifier.lower() not in _SETS) or (known == "Null" and if_exists):
        raise PolicyError(policy, where, "is no condition operator of IAM", f"use one of {', '.join(_NAMES.values())}")
    if not values:
        raise PolicyError(policy, f"{where}.{key}", "has no value", "give one value or a list of values")
    try:
        if known == "Null":
            wanted = {_wants_absence(value) for value in values}
            lower = key.lower()
            return Condition(name, key, tuple(values), lambda context: (not _values(context, lower)) in wanted)
        matchers = tuple(_BASE[_NEGATED.get(known, known)](value, variables) for value in values)
    except ValueError as problem:
        raise PolicyError(policy, f"{where}.{key}", f"is {', '.join(values)}, and must be {problem}") from None
    holds = _test(key.lower(), matchers, known in _NEGATED, _SETS.get(quantifier.lower()), if_exists)
    return Condition(name, key, tuple(values), holds)


def _wants_absence(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return value.lower() == "true"


def _values(context: Context, key: str) -> Sequence[str]:
    found = context.get(key)
    return () if found is None else (found,) if isinstance(found, str) else found


def _test(
    key: str, matchers: tuple[Matcher, ...], negated: bool, quantifier: str | None, if_exists: bool
) -> Callable[[Context], bool]:
    """The values of the policy are alternatives; a negated operator holds if none of them matches (NOR). A value that
    is not of the operator's type satisfies neither."""

    def one(value: str, context: Context) -> bool:
        try:
            return any(matches(value, context) for matches in matchers) is not negated
        except ValueError:
            return False

    def all_values(context: Context) -> bool:
        # "also returns true if [...] the context key value resolves to a null dataset, such as an empty string"
        return all(one(value, context) for value in _values(context, key) if value)

    def any_value(context: Context) -> bool:
        return any(one(value, context) for value in _values(context, key))

    def single(context: Context) -> bool:
        values = _values(context, key)
        if not values:
            return negated or if_exists
        if len(values) == 1:
            return one(values[0], context)
        return all(one(value, context) for value in values) if negated else any_value(context)

    return {"ForAllValues": all_values, "ForAnyValue": any_value, None: single}[quantifier]
