"""The permissions that RunTask needs: its own, those for the roles that it passes, and the one for the tags that it sets."""

from ministack.core.responses import get_account_id, get_region

from . import context, passed_roles


def check(call, request):
    """Make the checks of a request in camelCase with `call(action, resource, context)`, which raises `Denied`.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    """
    tags = {tag["key"]: tag.get("value", "") for tag in request.get("tags") or []}
    keys = context.ecs_keys(request)
    if tags:
        keys |= {"aws:TagKeys": [*tags], **{f"aws:RequestTag/{name}": value for name, value in tags.items()}}
    call("ecs:RunTask", context.ecs_resource("RunTask", request, get_region(), get_account_id()), keys)
    for role in passed_roles.of_task(request.get("taskDefinition", ""), request.get("overrides") or {}):
        call("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
    if tags or request.get("enableECSManagedTags") or request.get("propagateTags", "NONE") != "NONE":
        tasks = keys["ecs:cluster"].replace(":cluster/", ":task/") + "/*"
        call("ecs:TagResource", tasks, keys | {"ecs:CreateAction": "RunTask"})
