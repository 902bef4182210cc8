"""Texts of a policy with wildcards and variables, compiled once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Variable:
    """`${key}`, or `${key, 'default'}`."""

    key: str
    default: str | None

    def value(self, context: Context) -> str | None:
        """A list is no value of a variable; with neither value nor default, nothing matches."""
        found = context.get(self.key)
        return found if isinstance(found, str) else self.default


@dataclass(frozen=True)
class Wildcard:
    regex: str
    shortest: bool = False  # nothing but such wildcards follows: the shortest match is as good as any


ANY, ONE = Wildcard(".*", True), Wildcard(".")
ANY_OF_SEGMENT, ONE_OF_SEGMENT, ANY_ACROSS = Wildcard("[^:]*"), Wildcard("[^:]"), Wildcard(".*")

Parts = tuple[str | Wildcard | Variable, ...]

_VARIABLE = re.compile(r"\$\{(?:([*?$])|\s*([^\s,'{}][^,'{}]*?)\s*(?:,\s*'([^']*)'\s*)?)\}")
_KEY = re.compile(r"[\w.-]+:\S.*")


class Text:
    """A text of a policy. A value that replaces a variable is literal: its `*` is no wildcard."""

    __slots__ = ("source", "_parts", "_fixed")

    def __init__(self, source: str, parts: Parts) -> None:
        self.source = source
        self._parts = parts
        self._fixed = None if any(isinstance(part, Variable) for part in parts) else _compile(parts)

    def matches(self, value: str, context: Context) -> bool:
        matcher = self._fixed if self._fixed is not None else self._filled(context)
        if isinstance(matcher, str):
            return value == matcher
        return matcher is not None and matcher.fullmatch(value) is not None

    def matches_ignoring_case(self, value: str, context: Context) -> bool:
        """For texts without wildcards."""
        matcher = self._fixed if self._fixed is not None else self._filled(context)
        return isinstance(matcher, str) and value.lower() == matcher.lower()

    def _filled(self, context: Context) -> "str | re.Pattern[str] | None":
        parts = tuple(part.value(context) if isinstance(part, Variable) else part for part in self._parts)
        return None if None in parts else _compile(parts)


def literal(source: str, variables: bool) -> Text:
    """Without wildcards: StringEquals and its like."""
    return Text(source, _split(source, variables, wildcards=False))


def glob(source: str, variables: bool) -> Text:
    """With wildcards over the whole text: StringLike."""
    return Text(source, _split(source, variables, wildcards=True))


def action(source: str) -> Text:
    """An Action, which ignores case and has no variables; for values in lower case."""
    return Text(source, _split(source.lower(), False, wildcards=True))


def resource(source: str, variables: bool, complete: bool) -> Text:
    """A Resource. A wildcard stays in its segment, but for a `*` at the end of one, which reaches beyond the colon.
    Identity policies complete an ARN that lacks segments with `*`:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns"""
    if source == "*":
        return glob(source, False)
    missing = ":*" * (5 - source.count(":")) if complete else ""
    return Text(source, _by_segment(_split(source + missing, variables, wildcards=True), last_reaches_on=True))


def arn(source: str, variables: bool) -> Text:
    """An ARN of a condition: "each of the six colon-delimited components of the ARN is checked separately"."""
    return Text(source, _by_segment(_split(source, variables, wildcards=True), last_reaches_on=False))


def malformed_variable(source: str) -> str | None:
    """The first `${…}` that is no variable."""
    rest = _VARIABLE.sub(lambda found: "" if found[1] or _KEY.fullmatch(found[2]) else found[0], source)
    start = rest.find("${")
    return None if start < 0 else rest[start:].partition("}")[0] + "}"[: rest.count("}", start)]


def _split(source: str, variables: bool, *, wildcards: bool) -> Parts:
    parts: list[str | Wildcard | Variable] = []
    position = 0
    for found in _VARIABLE.finditer(source) if variables else ():
        parts += _globbed(source[position : found.start()], wildcards)
        parts.append(found[1] or Variable(found[2].lower(), found[3]))
        position = found.end()
    return tuple(part for part in (*parts, *_globbed(source[position:], wildcards)) if part != "")


def _globbed(text: str, wildcards: bool) -> "list[str | Wildcard]":
    return [{"*": ANY, "?": ONE}.get(part, part) for part in re.split(r"([*?])", text)] if wildcards else [text]


def _by_segment(parts: Parts, *, last_reaches_on: bool) -> Parts:
    """Keeps the wildcards of the first five segments within them; the sixth may hold colons of its own."""
    kept: list[str | Wildcard | Variable] = []
    colons = 0
    for index, part in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else ":"
        ends_segment = isinstance(following, str) and following.startswith(":")
        if isinstance(part, str):
            colons += part.count(":")
        elif part is ONE and colons < 5:
            part = ONE_OF_SEGMENT
        elif part is ANY and colons < 5:
            part = ANY_ACROSS if last_reaches_on and ends_segment else ANY_OF_SEGMENT
        kept.append(part)
    return tuple(kept)


@lru_cache(maxsize=8192)
def _compile(parts: "tuple[str | Wildcard, ...]") -> "str | re.Pattern[str]":
    """A text without wildcards stays a text, which is compared faster."""
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    head, *rest = _split_at_stars(parts)
    if not rest:
        return re.compile(head, re.DOTALL)
    # An atomic group for each star but the last: many of them take no longer than few. Python 3.10 spells it so.
    middle = "".join(f"(?=(?P<star{index}>.*?{fixed}))(?P=star{index})" for index, fixed in enumerate(rest[:-1]))
    return re.compile(f"{head}{middle}.*{rest[-1]}", re.DOTALL)


def _split_at_stars(parts: "tuple[str | Wildcard, ...]") -> list[str]:
    """Regular expressions of what stands before, between and after the wildcards that take the shortest match."""
    pieces = [""]
    for part in parts:
        if isinstance(part, Wildcard) and part.shortest:
            pieces.append("")
        else:
            pieces[-1] += re.escape(part) if isinstance(part, str) else part.regex
    return pieces
