"""Limits of Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

import json
import re

from ministack.services import stepfunctions

from .definitions import check_definition
from .refusal import Refused, guard

PAYLOAD_BYTES = 262_144
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]+")


def apply():
    for name in ("_create_state_machine", "_update_state_machine"):
        guard(stepfunctions, name, _check_machine)
    for name in ("_start_execution", "_start_sync_execution"):
        guard(stepfunctions, name, _check_start)
    _limit_state_output()
    _require_paths()


def _check_machine(data):
    if data.get("definition"):
        check_definition(data["definition"])


def _check_start(data):
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
    name, text = data.get("name"), data.get("input")
    if name and not (_NAME.fullmatch(name) and len(name) <= 80):
        raise Refused("InvalidName", f"Invalid Name: '{name}'")
    if text is None:
        return
    if len(text.encode()) > PAYLOAD_BYTES:
        raise Refused("ValidationException", f"1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to {PAYLOAD_BYTES}")
    try:
        json.loads(text)
    except ValueError as error:
        raise Refused("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None


def _limit_state_output():
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (States.DataLimitExceeded)"""
    add_event = stepfunctions._add_event

    def add(execution, kind, details=None, *args, **kwargs):
        output = ((details or {}).get("stateExitedEventDetails") or {}).get("output")
        if output and len(output) > PAYLOAD_BYTES and _bytes(output) > PAYLOAD_BYTES:
            name = details["stateExitedEventDetails"].get("name")
            raise stepfunctions._ExecutionError(
                "States.DataLimitExceeded",
                f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit.",
            )
        return add_event(execution, kind, details, *args, **kwargs)

    stepfunctions._add_event = add


def _bytes(text):
    """The emulator escapes what is not ASCII; AWS counts UTF-8."""
    return len(json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _require_paths():
    """A JSONPath that finds nothing fails the execution: the emulator goes on with null.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (States.Runtime)
    """
    resolve, evaluate = stepfunctions._resolve_path, stepfunctions._evaluate_rule

    def resolve_existing(path, data):
        found = resolve(path, data)
        if found is None and isinstance(path, str) and path.startswith("$") and not _exists(path, data):
            raise stepfunctions._ExecutionError("States.Runtime", f"The JSONPath '{path}' could not be found in the input '{json.dumps(data)[:1_024]}'")
        return found

    def evaluate_present(rule, data, ctx=None):
        if "IsPresent" not in rule:
            return evaluate(rule, data, ctx)
        # The only comparison whose variable may be absent.
        variable = rule.get("Variable", "")
        document = ctx or {} if variable.startswith("$$.") else data
        return rule["IsPresent"] is _exists(variable.replace("$$.", "$.", 1), document)

    stepfunctions._resolve_path, stepfunctions._evaluate_rule = resolve_existing, evaluate_present


def _exists(path, data):
    tokens = stepfunctions._parse_jsonpath_tokens(path)
    if tokens is None or any(kind == "wildcard" for kind, _value in tokens):
        return True  # An expression that the emulator does not read, or one that may find nothing.
    for kind, value in tokens:
        if kind == "field" and isinstance(data, dict) and value in data:
            data = data[value]
        elif kind == "index" and isinstance(data, list) and value < len(data):
            data = data[value]
        else:
            return False
    return True
