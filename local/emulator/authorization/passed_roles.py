"""`iam:PassRole`: a call that hands a role to a service needs it beside its own action; a task with tags needs `ecs:TagResource`, too.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

import json
from functools import partial

from ministack.core import iam_actions

from . import direct, run_task

_ROLES = {
    # Operation: where the request names roles, and the service that gets them.
    "RegisterTaskDefinition": (("taskRoleArn", "executionRoleArn"), "ecs-tasks.amazonaws.com"),
    "CreateStateMachine": (("roleArn",), "states.amazonaws.com"),
    "UpdateStateMachine": (("roleArn",), "states.amazonaws.com"),
    "PutTargets": (("Targets[].RoleArn",), "events.amazonaws.com"),
    "CreateSchedule": (("Target.RoleArn",), "scheduler.amazonaws.com"),
    "UpdateSchedule": (("Target.RoleArn",), "scheduler.amazonaws.com"),
    "CreateFunction": (("Role",), "lambda.amazonaws.com"),
    "UpdateFunctionConfiguration": (("Role",), "lambda.amazonaws.com"),
    "CreateProject": (("serviceRole",), "codebuild.amazonaws.com"),
}


def apply():
    for service in ("ecs", "states", "events", "scheduler", "lambda", "codebuild"):
        direct.require(service, partial(_needed, service))


def _needed(service, method, path, headers, body, query_params):
    """Action, resource and condition keys of each call that the request implies."""
    operation = (iam_actions.extract_iam_action(service, method, path, headers, body, query_params) or "").split(":")[-1]
    if operation in ("RunTask", "StartTask"):
        return run_task.implied(json.loads(body or b"{}"))
    members, passed_to = _ROLES.get(operation, ((), ""))
    if not members:
        return []
    request = json.loads(body or b"{}")
    roles = [role for member in members for role in _values(request, member.split(".")) if role]
    return [("iam:PassRole", role, {"iam:PassedToService": passed_to}) for role in roles]


def _values(value, path):
    if not path:
        return [value]
    if not isinstance(value, dict):
        return []
    name = path[0]
    if name.endswith("[]"):
        return [found for item in value.get(name[:-2]) or [] for found in _values(item, path[1:])]
    return _values(value.get(name), path[1:])
