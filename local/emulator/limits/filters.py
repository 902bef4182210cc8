"""Filter patterns of CloudWatch Logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"""

import re

from ministack.services import cloudwatch_logs

from .refusal import Refused, guard

SUBSCRIPTIONS_OF_GROUP = 2
METRIC_FILTERS_OF_GROUP = 100

# Of a JSON pattern: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<selector>\$(?:\.[A-Za-z0-9_*@-]+|\.?\["[^"]*"\]|\.?\['[^']*'\]|\[(?:\d+|\*)\])+)
      | (?P<operator>&&|\|\||!=|<=|>=|=|<|>|\(|\))
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<expression>%[^%]+%)
      | (?P<word>[^\s()&|=<>!"%]+)
    )""",
    re.VERBOSE,
)


def apply():
    guard(cloudwatch_logs, "_put_metric_filter", _check_metric_filter)
    guard(cloudwatch_logs, "_put_subscription_filter", _check_subscription_filter)


def check_pattern(pattern):
    """Raise Refused for a pattern that starts as JSON and is none, and for quotation marks without an end."""
    text = (pattern or "").strip()
    if text.startswith("{"):
        if not text.endswith("}") or not _is_condition(text[1:-1]):
            raise _invalid(pattern)
    elif len(re.findall(r'(?<!\\)"', text)) % 2:
        raise _invalid(pattern)


def _invalid(pattern):
    return Refused("InvalidParameterException", f"Invalid filter pattern: {pattern}")


def _is_condition(text):
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if not match:
            return False
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    try:
        return _alternatives(tokens) and not tokens
    except IndexError:
        return False


# Each takes what it reads from the front of the tokens.


def _alternatives(tokens):
    while _terms(tokens):
        if not tokens or tokens[0][1] != "||":
            return True
        tokens.pop(0)
    return False


def _terms(tokens):
    while _term(tokens):
        if not tokens or tokens[0][1] != "&&":
            return True
        tokens.pop(0)
    return False


def _term(tokens):
    kind, text = tokens.pop(0)
    if text == "(" and kind == "operator":
        return _alternatives(tokens) and tokens.pop(0)[1] == ")"
    return kind == "selector" and _comparison(tokens)


def _comparison(tokens):
    kind, text = tokens.pop(0)
    if kind == "word":
        return (text.upper(), tokens.pop(0)[1].upper()) in {("IS", "TRUE"), ("IS", "FALSE"), ("IS", "NULL"), ("NOT", "EXISTS")}
    return kind == "operator" and text in ("=", "!=", "<", ">", "<=", ">=") and tokens.pop(0)[0] in ("string", "word", "expression")


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html


def _check_metric_filter(data):
    check_pattern(data.get("filterPattern"))
    group, name = data.get("logGroupName"), data.get("filterName")
    others = [key for key in cloudwatch_logs._metric_filters if key[0] == group and key[1] != name]
    _check_count(len(others) + 1, METRIC_FILTERS_OF_GROUP)


def _check_subscription_filter(data):
    check_pattern(data.get("filterPattern"))
    group = cloudwatch_logs._log_groups.get(data.get("logGroupName")) or {}
    others = [name for name in group.get("subscriptionFilters", {}) if name != data.get("filterName")]
    _check_count(len(others) + 1, SUBSCRIPTIONS_OF_GROUP)


def _check_count(count, limit):
    if count > limit:
        raise Refused("LimitExceededException", "Resource limit exceeded.")
