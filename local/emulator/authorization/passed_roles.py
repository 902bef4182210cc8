"""`iam:PassRole`: a call that hands a role to a service needs it beside its own action; a task with tags needs `ecs:TagResource`, too.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

import json

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_region

from . import context, direct

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
        app.SERVICE_HANDLERS[service] = _checked(service, app.SERVICE_HANDLERS[service])


def of_task(definition_reference, overrides):
    """The roles that RunTask passes: those of the definition, unless the overrides name others."""
    definition = context.definition_of(definition_reference) or {}
    named = (overrides.get(member) or definition.get(member) for member in ("taskRoleArn", "executionRoleArn"))
    return [role for role in named if role]


def _checked(service, handler):
    async def handle(method, path, headers, body, query_params):
        access_key = app.extract_access_key_id(headers, query_params)
        for action, resource, keys in _needed(service, method, path, headers, body, query_params):
            denied = direct.enforce(access_key, action, action.split(":")[0], get_region(), resource, keys)
            if denied is not None:
                return iam_actions.access_denied_response(service, action, denied.principal_arn, "", headers=headers)
        return await handler(method, path, headers, body, query_params)

    return handle


def _needed(service, method, path, headers, body, query_params):
    """Action, resource and condition keys of each call that the request implies."""
    operation = (iam_actions.extract_iam_action(service, method, path, headers, body, query_params) or "").split(":")[-1]
    members, passed_to = _ROLES.get(operation, ((), ""))
    if not members and operation not in ("RunTask", "StartTask"):
        return []
    request = json.loads(body or b"{}")
    if operation in ("RunTask", "StartTask"):
        from . import run_task

        found = []
        run_task.check(lambda *permission: found.append(permission), request)
        return found[1:]
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
