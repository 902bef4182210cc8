"""Limits of ECS and Fargate."""

import json
import re

from ministack.services import ecs

from .refusal import Refused, checked, guard

OVERRIDES_CHARACTERS = 8_192
TASKS_OF_CALL = 10
STARTED_BY = re.compile(r"[A-Za-z0-9/_-]{0,128}")

_SERVICES = ("AWS Step Functions", "events-rule/", "chronos-schedule/")
"""What services write there."""

GIB = 1_024
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
# CPU units: the amounts of memory in MiB.
FARGATE_SIZES = {
    256: [512, 1 * GIB, 2 * GIB],
    512: [*range(1 * GIB, 4 * GIB + 1, GIB)],
    1_024: [*range(2 * GIB, 8 * GIB + 1, GIB)],
    2_048: [*range(4 * GIB, 16 * GIB + 1, GIB)],
    4_096: [*range(8 * GIB, 30 * GIB + 1, GIB)],
    8_192: [*range(16 * GIB, 60 * GIB + 1, 4 * GIB)],
    16_384: [*range(32 * GIB, 120 * GIB + 1, 8 * GIB)],
}


def apply():
    # Step Functions, EventBridge and CloudFormation call the functions of the module, and the API those of the map. RunTask differs there.
    guard(ecs, "_run_task", _check_run)
    ecs._ACTION_MAP["RunTask"] = checked(ecs._ACTION_MAP["RunTask"], _check_run)
    for action, name, check in (("RegisterTaskDefinition", "_register_task_definition", _check_definition), ("CreateService", "_create_service", _check_service)):
        guard(ecs, name, check)
        ecs._ACTION_MAP[action] = getattr(ecs, name)


def _check_run(data):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")))
    if "_deploymentId" in data or not definition:
        return  # A service starts its task, or the emulator answers that there is no such definition.
    overrides = data.get("overrides") or {}
    if len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False)) > OVERRIDES_CHARACTERS:
        raise Refused("InvalidParameterException", f"Container Overrides length must be at most {OVERRIDES_CHARACTERS}")
    names = {container["name"] for container in definition["containerDefinitions"]}
    for override in overrides.get("containerOverrides") or ():
        if override.get("name") not in names:
            raise Refused("InvalidParameterException", f"Override for container named {override.get('name')} is not a container in the TaskDefinition.")
    if not 1 <= int(data.get("count") or 1) <= TASKS_OF_CALL:
        raise Refused("InvalidParameterException", f"count must be between 1 and {TASKS_OF_CALL}, got: {data['count']}")
    started_by = data.get("startedBy") or ""
    if not started_by.startswith(_SERVICES) and not STARTED_BY.fullmatch(started_by):
        raise Refused("InvalidParameterException", f"startedBy must have at most 128 letters, numbers, hyphens, forward slashes and underscores, got: {started_by}")
    _check_network(data, definition)


def _check_service(data):
    definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")))
    if definition:
        _check_network(data, definition)


def _check_network(data, definition):
    # Services spell the member in different ways.
    configured = {name.lower() for name, value in (data.get("networkConfiguration") or {}).items() if value}
    if definition.get("networkMode") == "awsvpc" and "awsvpcconfiguration" not in configured:
        raise Refused("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")


def _check_definition(data):
    if "FARGATE" in (data.get("requiresCompatibilities") or ()):
        check_fargate(data.get("cpu"), data.get("memory"), data.get("networkMode"))


def check_fargate(cpu, memory, network_mode):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"""
    for name, value in (("cpu", cpu), ("memory", memory)):
        if value in (None, ""):
            raise Refused("ClientException", f"Fargate requires that '{name}' be defined at the task level.")
    if network_mode not in (None, "awsvpc"):
        raise Refused("ClientException", "Fargate only supports network mode 'awsvpc'.")
    units, mebibytes = _amount(cpu, "vcpu"), _amount(memory, "gb")
    if mebibytes not in FARGATE_SIZES.get(units, []):
        raise Refused("ClientException", f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values.")


def _amount(text, unit):
    """`512`, `0.5 vCPU` and `1 GB`, in CPU units or MiB."""
    match = re.fullmatch(rf"\s*([\d.]+)\s*({unit})?\s*", str(text), re.IGNORECASE)
    try:
        return match and round(float(match[1]) * (1_024 if match[2] else 1))
    except ValueError:
        return None
