"""The roles of a task: ECS must be able to assume them, and Fargate wants one to start some tasks.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
"""

from ministack.core.responses import error_response_json, get_account_id, get_region, new_uuid
from ministack.services import ecs
from ministack.services.stepfunctions import _pascal_to_camel

from . import gate
from .ecs_agent import ECR_IMAGE, ECS_TASKS
from .hooks import before_resource, permitted


def apply():
    register = ecs._register_task_definition

    def register_checked(data):
        lacking = _lacks_role(data)
        return error_response_json("ClientException", lacking, 400) if lacking else register(data)

    ecs._register_task_definition = ecs._ACTION_MAP["RegisterTaskDefinition"] = register_checked
    before_resource("AWS::ECS::TaskDefinition", _check_properties)
    # The API has a patch of its own around what services and schedules call.
    ecs._run_task, ecs._ACTION_MAP["RunTask"] = _trusted(ecs._run_task), _trusted(ecs._ACTION_MAP["RunTask"])


def _check_properties(properties):
    lacking = _lacks_role(_pascal_to_camel(properties))
    if lacking:
        raise ValueError(lacking)


def _lacks_role(data):
    """What lacks an execution role, in words that these issues quote.

    https://github.com/hashicorp/terraform-provider-aws/issues/3051
    https://github.com/virtual-kubelet/virtual-kubelet/issues/193
    """
    fargate = "FARGATE" in (data.get("requiresCompatibilities") or ())
    if gate.mode == gate.OFF or data.get("executionRoleArn") or not fargate:
        return None
    needed = "Fargate requires task definition to have execution role ARN to support"
    for container in data.get("containerDefinitions") or ():
        if ECR_IMAGE.fullmatch(str(container.get("image", ""))):
            return f"{needed} ECR images."
        if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
            return f"{needed} log driver awslogs."
    return None


def _trusted(place):
    def place_trusted(data):
        definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", ""))) or {}
        overrides = data.get("overrides") or {}
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        source = f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{cluster}"
        for member in ("taskRoleArn", "executionRoleArn"):
            role = overrides.get(member) or definition.get(member)
            if role and not permitted(gate.assume, role, ECS_TASKS, source_arn=source):
                return _untrusted(role, data)
        return place(data)

    return place_trusted


def _untrusted(role, data):
    """https://github.com/boto/boto3/issues/1878 quotes the words."""
    message = (
        f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role "
        "being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass "
        "this role."
    )
    if "_deploymentId" in data:
        service = ecs._services.get(f"{data['cluster']}/{data['group'].removeprefix('service:')}")
        if service is not None:
            text = f"(service {service['serviceName']}) failed to launch a task with (error {message})."
            service["events"].insert(0, {"id": new_uuid(), "createdAt": ecs._iso(), "message": text})
    return error_response_json("ClientException", message, 400)
