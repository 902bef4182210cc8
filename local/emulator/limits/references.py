"""Values of a template before its deployment."""

import re

from ministack.core.responses import get_account_id, get_region


class Unknown(str):
    """A text of which only the deployment knows all; each unknown part is one character."""


UNKNOWN = Unknown("1")
"""A character in texts, and a number where a document has no quotes."""

_OMITTED = object()


class Resolver:
    def __init__(self, template, parameters, stack_name):
        defaults = {name: parameter["Default"] for name, parameter in (template.get("Parameters") or {}).items() if "Default" in parameter and not parameter["Type"].startswith("AWS::SSM::")}
        pseudo = {"AccountId": get_account_id(), "Region": get_region(), "Partition": "aws", "URLSuffix": "amazonaws.com", "StackName": stack_name, "NoValue": _OMITTED}
        self._names = {**defaults, **parameters, **{f"AWS::{name}": value for name, value in pseudo.items()}}
        self._conditions = template.get("Conditions") or {}
        self._mappings = template.get("Mappings") or {}

    def holds(self, condition):
        """Whether a named condition holds; an unknown one does."""
        return condition is None or self._truth(self._conditions.get(condition, True)) is not False

    def value(self, value):
        if isinstance(value, list):
            return [item for item in map(self.value, value) if item is not _OMITTED]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            if name == "Ref":
                return self._names.get(argument, UNKNOWN)
            if name.startswith("Fn::"):
                return self._call(name[4:].lower(), argument)
        resolved = {name: self.value(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not _OMITTED}

    def _call(self, name, argument):
        function = getattr(self, f"_{name}", None)
        try:
            return function(argument) if function else UNKNOWN
        except (AttributeError, TypeError, ValueError):
            return UNKNOWN  # Arguments of another form: the deployment refuses them.

    def _join(self, argument):
        separator, parts = argument
        parts = self.value(parts)
        return _text(separator.join(map(str, parts)), parts) if isinstance(parts, list) else UNKNOWN

    def _sub(self, argument):
        text, variables = argument if isinstance(argument, list) else (argument, {})
        variables = {name: self.value(item) for name, item in variables.items()}
        used = []

        def replacement(match):
            used.append(variables.get(match[1], self._names.get(match[1], UNKNOWN)))
            return str(used[-1])

        return _text(re.sub(r"\$\{([^!}][^}]*)\}", replacement, text).replace("${!", "${"), used)

    def _if(self, argument):
        condition, then, otherwise = argument
        holds = self._truth(self._conditions.get(condition))
        return UNKNOWN if holds is None else self.value(then if holds else otherwise)

    def _findinmap(self, argument):
        table, first, second = map(self.value, argument[:3])
        return self._mappings.get(table, {}).get(first, {}).get(second, UNKNOWN) if isinstance(first, str) and isinstance(second, str) else UNKNOWN

    def _truth(self, condition):
        """True, False, or None when only the deployment knows."""
        if not isinstance(condition, dict) or len(condition) != 1:
            return None
        (name, argument), = condition.items()
        if name == "Condition":
            return self._truth(self._conditions.get(argument))
        if name == "Fn::Equals":
            left, right = map(self.value, argument)
            return None if isinstance(left, Unknown) or isinstance(right, Unknown) else str(left) == str(right)
        if name not in ("Fn::Not", "Fn::And", "Fn::Or"):
            return None
        parts = list(map(self._truth, argument))
        if name == "Fn::Not":
            return None if parts[0] is None else not parts[0]
        decisive = name == "Fn::Or"
        return decisive if decisive in parts else None if None in parts else not decisive


def _text(text, parts):
    return Unknown(text) if any(isinstance(part, Unknown) for part in parts) else text
