"""Fn::Join in conditions of templates: the emulator compares its object with the other value, so that the condition is never equal.

The template of `cdk bootstrap` compares a joined list of accounts with the empty text. No report upstream; seen in ministack 1.5.33.
"""

import importlib

from ministack.services.cloudformation import engine

_JOINED = {"Conditions": {"IsEmpty": {"Fn::Equals": ["", {"Fn::Join": ["", {"Ref": "List"}]}]}}}
_USERS = ("changesets", "engine", "handlers", "provisioners", "stacks")


def needed():
    return not engine._evaluate_conditions(_JOINED, {"List": {"Value": ""}})["IsEmpty"]


def apply():
    evaluate = engine._evaluate_conditions

    def evaluating(template, params):
        conditions = _joined(template.get("Conditions") or {}, params)
        return evaluate({**template, "Conditions": conditions}, params)

    for name in _USERS:
        module = importlib.import_module(f"ministack.services.cloudformation.{name}")
        if getattr(module, "_evaluate_conditions", None) is evaluate:
            module._evaluate_conditions = evaluating


def _joined(value, params):
    if isinstance(value, list):
        return [_joined(item, params) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::Join"]:
        separator, items = value["Fn::Join"]
        return separator.join(_texts(items, params))
    return {key: _joined(item, params) for key, item in value.items()}


def _texts(items, params):
    """The parameters of conditions are texts, also those that are lists."""
    if isinstance(items, list):
        return [",".join(_texts(item, params)) for item in items]
    if isinstance(items, dict) and items.get("Ref") in params:
        return [text.strip() for text in str(params[items["Ref"]]["Value"]).split(",")]
    return [str(_joined(items, params))]
