"""Resolves the intrinsic functions of a template whose resources do not exist yet, with CloudFormation of the emulator.

What a resource or another stack will give is replaced by an ARN that is good as a Resource, a Principal and a part of a
text; the emulator judges by the real one.
"""

import re
from collections.abc import Mapping

from ministack.services.cloudformation import engine

_LATER = "arn:aws:iam::000000000000:role/later"
_LATER_IP = "192.0.2.1"


class _Attributes(dict):
    """Has each attribute."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return _LATER_IP if re.search(r"Ip(v6)?(Address)?$", name) else _LATER


def resolver(template: Mapping, parameters: Mapping[str, str]):
    """A function that resolves a value of the template; the parameters override the defaults."""
    defined = template.get("Parameters", {})
    params = {
        name: {"Value": str(parameters.get(name, definition.get("Default", _LATER))), "Type": definition["Type"]}
        for name, definition in defined.items()
    }
    resources = {
        logical_id: {"PhysicalResourceId": _LATER_IP if resource["Type"] == "AWS::EC2::EIP" else _LATER, "Attributes": _Attributes()}
        for logical_id, resource in template["Resources"].items()
    }
    conditions = engine._evaluate_conditions(template, params)
    mappings = template.get("Mappings", {})
    return lambda value: engine._resolve_refs(_imported(value), resources, params, conditions, mappings, "later", _LATER)


def _imported(value: object) -> object:
    """Stacks that export values are deployed later than this."""
    if isinstance(value, list):
        return [_imported(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() & {"Fn::ImportValue", "Fn::GetStackOutput"}:
        return _LATER
    return {key: _imported(inner) for key, inner in value.items()}
