"""Definitions of state machines that CreateStateMachine refuses.

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-state-machine-structure.html
"""

import json

from .refusal import Refused

MAX_TIMEOUT_SECONDS = 99_999_999
_TYPES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_PATHS = ("InputPath", "OutputPath", "ResultPath", "ItemsPath")
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector")


def check_definition(definition):
    try:
        machine = json.loads(definition) if isinstance(definition, str) else definition
    except ValueError as error:
        raise _invalid("INVALID_JSON_DESCRIPTION", str(error), "") from None
    if not isinstance(machine, dict):
        raise _invalid("INVALID_JSON_DESCRIPTION", "The definition must be an object", "")
    _check_timeout(machine, "TimeoutSeconds", "")
    _check_states(machine, "", machine.get("QueryLanguage", "JSONPath"))


def _check_states(machine, path, language):
    states, start = machine.get("States"), machine.get("StartAt")
    if not isinstance(states, dict) or not states:
        raise _invalid("SCHEMA_VALIDATION_FAILED", "Field 'States' is required and must not be empty", path)
    _check_target(start, states, "StartAt", path)
    reached = {start}
    for name, state in states.items():
        at = f"{path}/States/{name}"
        if not isinstance(state, dict) or state.get("Type") not in _TYPES:
            raise _invalid("SCHEMA_VALIDATION_FAILED", f"'Type' must be one of {', '.join(_TYPES)}", at)
        reached.update(_transitions(state, states, at))
        _check_state(state, at, state.get("QueryLanguage", language))
    for name in states:
        if name not in reached:
            raise _invalid("MISSING_TRANSITION_TARGET", f"State \"{name}\" is not reachable.", f"{path}/States/{name}")


def _transitions(state, states, at):
    """Names of the states that follow."""
    kind = state["Type"]
    if kind in ("Pass", "Task", "Wait", "Parallel", "Map") and ("Next" in state) == (state.get("End") is True):
        raise _invalid("SCHEMA_VALIDATION_FAILED", "Exactly one of 'Next' and 'End' is required", at)
    if kind == "Choice" and not state.get("Choices"):
        raise _invalid("SCHEMA_VALIDATION_FAILED", "Field 'Choices' is required and must not be empty", at)
    targets = [("Next", state["Next"], at)] if "Next" in state else []
    targets += [("Default", state["Default"], at)] if "Default" in state else []
    for field in ("Choices", "Catch"):
        targets += [("Next", item.get("Next"), f"{at}/{field}[{index}]") for index, item in enumerate(state.get(field) or ()) if isinstance(item, dict)]
    for field, target, where in targets:
        _check_target(target, states, field, where)
    return [target for _field, target, _where in targets]


def _check_target(target, states, field, at):
    if target not in states:
        raise _invalid("MISSING_TRANSITION_TARGET", f"Missing '{field}' target: {target}", f"{at}/{field}")


def _check_state(state, at, language):
    kind = state["Type"]
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        _check_timeout(state, field, at)
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        raise _invalid("SCHEMA_VALIDATION_FAILED", "Field 'Resource' is required", at)
    if language == "JSONPath":
        _check_paths(state, at)
    for index, branch in enumerate(state.get("Branches") or ()):
        _check_states(branch, f"{at}/Branches[{index}]", language)
    if kind == "Map":
        field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        if not isinstance(state.get(field), dict):
            raise _invalid("SCHEMA_VALIDATION_FAILED", "Field 'ItemProcessor' is required", at)
        _check_states(state[field], f"{at}/{field}", language)


def _check_timeout(holder, field, at):
    """A number; in JSONata also an expression."""
    value = holder.get(field)
    if value is None or (isinstance(value, str) and value.startswith("{%")):
        return
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_TIMEOUT_SECONDS:
        raise _invalid("SCHEMA_VALIDATION_FAILED", f"Value of '{field}' must be a whole number from 1 to {MAX_TIMEOUT_SECONDS}, got: {value}", f"{at}/{field}")


def _check_paths(state, at):
    for field in _PATHS:
        value = state.get(field)
        if value is not None and not (isinstance(value, str) and value.startswith("$")):
            raise _invalid("SCHEMA_VALIDATION_FAILED", f"Value is not a Reference Path: {value}", f"{at}/{field}")
    for field in _TEMPLATES:
        _check_template(state.get(field), f"{at}/{field}")


def _check_template(value, at):
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check_template(item, f"{at}[{index}]")
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name.endswith(".$") and not (isinstance(item, str) and item.startswith(("$", "States."))):
            raise _invalid("SCHEMA_VALIDATION_FAILED", f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call", at)
        _check_template(item, f"{at}/{name}")


def _invalid(code, text, at):
    return Refused("InvalidDefinition", f"Invalid State Machine Definition: '{code}: {text} at {at or '/'}'")
