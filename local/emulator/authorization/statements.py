"""Policies, read and compiled once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from . import patterns
from .conditions import Condition, condition
from .errors import PolicyError
from .patterns import Context, Text
from .principals import Principals, principals

Kind = Literal["identity", "resource", "trust"]

_VERSIONS = ("2012-10-17", "2008-10-17")
_PAIRS = ("Principal", "Action", "Resource")
_STATEMENT = ("Sid", "Effect", *_PAIRS, *(f"Not{name}" for name in _PAIRS), "Condition")


@dataclass(frozen=True)
class Listed:
    """The texts of an Action or Resource, or of their opposites."""

    texts: tuple[Text, ...]
    excluded: bool

    def holds(self, value: str, context: Context) -> bool:
        for text in self.texts:
            if text.matches(value, context):
                return not self.excluded
        return self.excluded

    @property
    def source(self) -> str:
        return ", ".join(text.source for text in self.texts)


@dataclass(frozen=True)
class Statement:
    sid: str
    allows: bool
    actions: Listed
    resources: Listed | None  # None in trust policies and in resource policies that are about their own resource
    principals: Principals | None  # None in identity policies
    conditions: tuple[Condition, ...]

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether it is about a call, by any principal. Action and keys of the context are in lower case."""
        if not self.actions.holds(action, context):
            return False
        if self.resources is not None and not self.resources.holds(resource, context):
            return False
        for line in self.conditions:
            if not line.holds(context):
                return False
        return True


@dataclass(frozen=True)
class Policy:
    """Made by `parse`. Its name is for messages: "policy X of role R", "policy of bucket B"."""

    name: str
    statements: tuple[Statement, ...]


def parse(name: str, document: Mapping | str, kind: Kind | None = None) -> Policy:
    """Raises PolicyError for all that AWS refuses in a policy, or that this evaluator does not know. With a kind, the
    elements that such a policy must have, or must not, are checked as well."""
    if isinstance(document, str):
        try:
            document = json.loads(document, object_pairs_hook=lambda pairs: _unique(name, pairs))
        except json.JSONDecodeError as problem:
            raise PolicyError(name, "document", f"is no JSON ({problem})") from None
    if not isinstance(document, Mapping):
        raise PolicyError(name, "document", f"is {_shown(document)}", "write an object with Version and Statement")
    _known(name, "", document, ("Version", "Id", "Statement"))
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise PolicyError(name, "Version", f"is {_shown(version)}", f"write {_VERSIONS[0]}")
    listed = document.get("Statement")
    listed = [listed] if isinstance(listed, Mapping) else listed
    if not isinstance(listed, list) or not listed:
        raise PolicyError(name, "Statement", f"is {_shown(listed)}", "write a list of statements")
    statements = (
        _statement(name, f"Statement[{at}]", each, version == _VERSIONS[0], kind) for at, each in enumerate(listed)
    )
    return Policy(name, tuple(statements))


def _unique(policy: str, pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object whose key stands twice would lose one of them."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise PolicyError(policy, twice, "stands twice in one object", "write it once, with a list of values")
    return found


def _statement(policy: str, at: str, value: object, variables: bool, kind: Kind | None) -> Statement:
    if not isinstance(value, Mapping):
        raise PolicyError(policy, at, f"is {_shown(value)}", "write an object")
    _known(policy, f"{at}.", value, _STATEMENT)
    sid, effect = value.get("Sid", ""), value.get("Effect")
    if not isinstance(sid, str):
        raise PolicyError(policy, f"{at}.Sid", f"is {_shown(sid)}", "write a text")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(policy, f"{at}.Effect", f"is {_shown(effect)}", "write Allow or Deny")
    principal = _either(policy, at, value, "Principal")
    resource = _either(policy, at, value, "Resource")
    action = _either(policy, at, value, "Action")
    if action is None:
        raise PolicyError(policy, at, "has neither Action nor NotAction", "add one of them")
    _check_kind(policy, at, kind, principal, resource)
    if principal == "NotPrincipal" and effect == "Allow":
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        raise PolicyError(policy, f"{at}.NotPrincipal", "stands beside Allow", "name those allowed in Principal")
    return Statement(
        sid,
        effect == "Allow",
        _actions(policy, f"{at}.{action}", value[action]),
        _resources(policy, f"{at}.{resource}", value[resource], variables, principal is None) if resource else None,
        principals(policy, f"{at}.{principal}", value[principal]) if principal else None,
        _conditions(policy, f"{at}.Condition", value.get("Condition", {}), variables),
    )


def _check_kind(policy: str, at: str, kind: Kind | None, principal: str | None, resource: str | None) -> None:
    if kind == "identity" and principal:
        raise PolicyError(policy, f"{at}.{principal}", "stands in a policy of an identity", "remove it")
    if kind == "identity" and not resource:
        raise PolicyError(policy, at, "has neither Resource nor NotResource", "add one of them")
    if kind in ("resource", "trust") and not principal:
        raise PolicyError(policy, at, "has no Principal", "add who may call")
    if kind == "trust" and (resource or principal == "NotPrincipal"):
        raise PolicyError(policy, f"{at}.{resource or principal}", "stands in a trust policy", "remove it")


def _actions(policy: str, element: str, value: object) -> Listed:
    texts = _texts(policy, element, value)
    for text in texts:
        service, colon, _ = text.partition(":")
        if text != "*" and (not colon or not service or "*" in service or "?" in service):
            raise PolicyError(policy, element, f"is {text}", 'write service:Action, as s3:GetObject, or "*"')
    return Listed(tuple(patterns.action(text) for text in texts), _excludes(element))


def _resources(policy: str, element: str, value: object, variables: bool, complete: bool) -> Listed:
    # An API names its own methods without the ARN of the API:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
    texts = [re.sub(r"^execute-api:/", "arn:*:execute-api:*:*:*/", text) for text in _texts(policy, element, value)]
    for text in texts:
        if text != "*" and not text.startswith("arn:"):
            raise PolicyError(policy, element, f"is {text}", 'write an ARN or "*"')
        _check_variables(policy, element, text, variables)
        if variables and "${" in text and text.partition("${")[0].count(":") < 5:
            raise PolicyError(policy, element, f"is {text}", "use variables only after the fifth colon")
    return Listed(tuple(patterns.resource(text, variables, complete) for text in texts), _excludes(element))


def _excludes(element: str) -> bool:
    return element.rpartition(".")[2].startswith("Not")


def _conditions(policy: str, element: str, value: object, variables: bool) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        raise PolicyError(policy, element, f"is {_shown(value)}", "write an object of operators")
    lines: list[Condition] = []
    for name, keys in value.items():
        if not isinstance(keys, Mapping) or not keys:
            raise PolicyError(policy, f"{element}.{name}", f"is {_shown(keys)}", "write an object of condition keys")
        for key, values in keys.items():
            where = f"{element}.{name}.{key}"
            if ":" not in key:
                raise PolicyError(policy, where, "is no condition key", "write service:key, as aws:SourceArn")
            texts = [_scalar(policy, where, each) for each in (values if isinstance(values, list) else [values])]
            for text in texts:
                _check_variables(policy, where, text, variables)
            lines.append(condition(policy, element, name, key, texts, variables))
    return tuple(lines)


def _check_variables(policy: str, element: str, text: str, variables: bool) -> None:
    malformed = patterns.malformed_variable(text) if variables else None
    if malformed is not None:
        remedy = "write ${service:key}, or ${service:key, 'default'}"
        raise PolicyError(policy, element, f"has the variable {malformed}", remedy)


def _either(policy: str, at: str, value: Mapping, element: str) -> str | None:
    """The name of an element or of its opposite."""
    present = [name for name in (element, f"Not{element}") if name in value]
    if len(present) == 2:
        raise PolicyError(policy, at, f"has both {' and '.join(present)}", "remove one of them")
    return present[0] if present else None


def _known(policy: str, at: str, value: Mapping, names: tuple[str, ...]) -> None:
    for name in value:
        if name not in names:
            raise PolicyError(policy, f"{at}{name}", "is no element of a policy", f"use {', '.join(names)}")


def _texts(policy: str, element: str, value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise PolicyError(policy, element, f"is {_shown(value)}", "write a text or a list of texts")
    return texts


def _scalar(policy: str, element: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise PolicyError(policy, element, f"is {_shown(value)}", "write a text, a number or a boolean")


def _shown(value: object) -> str:
    return "absent" if value is None else json.dumps(value, default=str)
