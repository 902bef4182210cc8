"""The permissions that RunTask needs: its own, those for the roles that it passes, and the one for the tags that it sets."""

from ministack.core.responses import get_account_id, get_region

from . import context


def check(call, request):
    """Make the checks of a request in camelCase with `call(action, resource, context)`, which raises `Denied`."""
    keys = _keys(request)
    call("ecs:RunTask", context.ecs_resource("RunTask", request, get_region(), get_account_id()), keys)
    for action, resource, more in implied(request):
        call(action, resource, more)


def implied(request):
    """Action, resource and condition keys of the calls beside `ecs:RunTask`.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    """
    passed = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    calls = [("iam:PassRole", role, passed) for role in _roles(request.get("taskDefinition", ""), request.get("overrides") or {})]
    if request.get("tags") or request.get("enableECSManagedTags") or request.get("propagateTags", "NONE") != "NONE":
        keys = _keys(request)
        tasks = keys["ecs:cluster"].replace(":cluster/", ":task/") + "/*"
        calls.append(("ecs:TagResource", tasks, keys | {"ecs:CreateAction": "RunTask"}))
    return calls


def _keys(request):
    tags = {tag["key"]: tag.get("value", "") for tag in request.get("tags") or []}
    of_tags = {"aws:TagKeys": [*tags], **{f"aws:RequestTag/{name}": value for name, value in tags.items()}} if tags else {}
    return context.ecs_keys(request) | of_tags


def _roles(definition_reference, overrides):
    """The roles that RunTask passes: those of the definition, unless the overrides name others."""
    definition = context.definition_of(definition_reference) or {}
    named = (overrides.get(member) or definition.get(member) for member in ("taskRoleArn", "executionRoleArn"))
    return [role for role in named if role]
