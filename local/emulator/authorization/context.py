"""Actions, resources and condition keys where the emulator's own are not those that IAM evaluates."""

import json

from ministack.core import iam_actions

# The permission for a batch is the action of a single call.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
_BATCHES = {f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}

# IAM evaluates these on the task; the emulator names the cluster for every call of ECS.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
_OF_TASKS = {"DescribeTasks", "GetTaskProtection", "StopTask", "UpdateTaskProtection"}
_WITHOUT_RESOURCE = {"ListTasks"}


def action_of(action):
    return _BATCHES.get(action, action)


def apply():
    resource_of, tags_of, keys_of_item = iam_actions.extract_resource_arn, iam_actions.request_tag_context, iam_actions.dynamodb_service_context

    def extract_resource_arn(service, method, path, headers, body, params, region, account):
        if service == "ecs":
            return ecs_resource(headers.get("x-amz-target", "").rsplit(".", 1)[-1], _json(body), region, account)
        if service == "codebuild" and (projects := projects_of_builds(body)):
            return f"arn:aws:codebuild:{region}:{account}:project/{projects[0]}"
        if service == "ecr" and (names := _json(body).get("repositoryNames")):
            return f"arn:aws:ecr:{region}:{account}:repository/{names[0]}"
        if service == "states" and ".SendTask" in headers.get("x-amz-target", ""):
            from . import step_functions

            return step_functions.machine_of(_json(body).get("taskToken")) or "*"
        return resource_of(service, method, path, headers, body, params, region, account)

    def request_tag_context(service, action, body, params):
        keys = tags_of(service, action, body, params)
        if action == "cloudwatch:PutMetricData":
            return keys | metric_keys(body, params)
        return keys | ecs_keys(_json(body)) if service == "ecs" else keys

    def dynamodb_service_context(body):
        return keys_of_item(body) | leading_keys(_json(body))

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context
    iam_actions.dynamodb_service_context = dynamodb_service_context


def projects_of_builds(body):
    """The projects of the builds that a call of CodeBuild names: IAM evaluates it on them."""
    request = _json(body)
    ids = request.get("ids") or [request.get("id", "")]
    return list(dict.fromkeys(str(build).rsplit(":", 1)[0].rsplit("/", 1)[-1] for build in ids if ":" in str(build)))


def ecs_resource(operation, request, region, account):
    """The ARN on which IAM evaluates a call of ECS."""
    prefix = f"arn:aws:ecs:{region}:{account}:"
    cluster = _cluster(request, prefix)
    named = next((request[member] for member in ("taskDefinition", "service", "serviceArn", "resourceArn") if request.get(member)), "")
    if operation in _WITHOUT_RESOURCE:
        return "*"
    if operation == "RunTask" or operation.endswith("TaskDefinition"):
        definition = definition_of(named)
        return definition["taskDefinitionArn"] if definition else _arn(named or request.get("family", "*"), f"{prefix}task-definition/")
    if operation in _OF_TASKS:
        task = request.get("task") or (request.get("tasks") or ["*"])[0]
        return _arn(task, f"{prefix}task/{cluster.rsplit('/', 1)[-1]}/")
    if operation.endswith("Service") or operation == "DescribeServices":
        service = named or request.get("serviceName") or (request.get("services") or ["*"])[0]
        return _arn(service, f"{prefix}service/{cluster.rsplit('/', 1)[-1]}/")
    return named if named.startswith("arn:") else cluster


def definition_of(reference):
    """The task definition that a family, `family:revision` or an ARN names; None when there is none."""
    from ministack.services import ecs

    return ecs._task_defs.get(ecs._resolve_td_key(reference)) if reference else None


def ecs_keys(request):
    """`ecs:cluster`, for every call that names one."""
    from ministack.core.responses import get_account_id, get_region

    return {"ecs:cluster": _cluster(request, f"arn:aws:ecs:{get_region()}:{get_account_id()}:")}


def metric_keys(body, params):
    """`cloudwatch:namespace`.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
    """
    namespace = params["Namespace"][0] if "Namespace" in params else _json(body).get("Namespace")
    return {} if namespace is None else {"cloudwatch:namespace": namespace}


def scaling_call(request, region, account):
    """Resource and keys of a call to Application Auto Scaling. The id in its ARN is internal to AWS.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
    """
    keys = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
    context = {f"application-autoscaling:{key}": request[name] for key, name in keys.items() if name in request}
    return f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/{request.get('ResourceId', '*')}", context


def scaling_validation(action, request, region, account):
    """What the caller that registers a service of ECS as a target must be allowed, too.

    https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
    """
    if action != "RegisterScalableTarget" or request.get("ServiceNamespace") != "ecs":
        return []
    _service, cluster, name = [*request.get("ResourceId", "").split("/"), "", ""][:3]
    prefix = f"arn:aws:ecs:{region}:{account}:"
    keys = {"ecs:cluster": f"{prefix}cluster/{cluster}"}
    return [(f"ecs:{call}", f"{prefix}service/{cluster}/{name}", keys) for call in ("DescribeServices", "UpdateService")]


def leading_keys(request):
    """`dynamodb:LeadingKeys`: the partition keys that the request names.

    AWS evaluates each item of a transaction by itself. Here each one has the keys of all, which is stricter.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    items = [detail for item in request.get("TransactItems") or () for detail in item.values()]
    values = [key for item in [request, *items] for key in _partition_key(item)]
    return {"dynamodb:LeadingKeys": values} if values else {}


def _partition_key(request):
    from ministack.services import dynamodb

    table = dynamodb._tables.get(str(request.get("TableName", "")).rsplit("/", 1)[-1])
    if table is None:
        return []
    name = next((key["AttributeName"] for key in table.get("KeySchema", []) if key["KeyType"] == "HASH"), None)
    item = request.get("Key") or request.get("Item") or {}
    return [str(next(iter(item[name].values())))] if isinstance(item.get(name), dict) else []


def _cluster(request, prefix):
    return _arn(request.get("cluster") or "default", f"{prefix}cluster/")


def _arn(name, prefix):
    return name if name.startswith("arn:") else f"{prefix}{name}"


def _json(body):
    try:
        request = json.loads(body or b"{}")
    except (ValueError, UnicodeDecodeError):
        return {}
    return request if isinstance(request, dict) else {}
