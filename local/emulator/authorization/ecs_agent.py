"""The ECS agent starts a task with its execution role: secrets, image pull and logs. A refusal stops the task.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

import re

from ministack.core.responses import new_uuid
from ministack.services import cloudwatch_logs, ecs

from . import gate
from .hooks import permitted

ECS_TASKS = "ecs-tasks.amazonaws.com"

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
ECR_IMAGE = re.compile(
    r"(?P<host>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)"
    r"/(?P<name>[^:@]+)(?:[:@](?P<tag>.+))?"
)

_DENIED = "AccessDeniedException: {denied} status code: 400, request id: {id}"
_RESOURCES = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve {what}: service call has been retried 1 time(s): "
)
_STREAM = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
    "failed to create Cloudwatch log stream: "
)
_LOGGER = f"{_STREAM}{_DENIED} : exit status 1"
# https://github.com/Rayraegah/terraform-aws-hasura/issues/25
_NO_GROUP = (
    f"{_STREAM}ResourceNotFoundException: The specified log group does not exist. status code: 400, request id: {{id}}"
    " : exit status 1"
)


class _Stopped(Exception):
    """The reason for which the agent stops a task."""


def apply():
    start, forward = ecs._start_task_worker, ecs._start_awslogs_forwarder

    def start_permitted(task, definition, overrides, docker_client):
        try:
            _prepare(_Agent(task, definition), definition.get("containerDefinitions", []))
        except _Stopped as stopped:
            if ecs._mark_task_pending(task["taskArn"], task):
                ecs._fail_task_start(task, docker_client, str(stopped))
            return
        start(task, definition, overrides, docker_client)

    def forward_permitted(container, definition, task_id):
        log = ecs._awslogs_config(definition, task_id, container.id)
        task = next((task for arn, task in ecs._tasks.items() if arn.endswith(f"/{task_id}")), None)
        if log is None or task is None or _Agent(task, _definition_of(task)).may_log(log):
            forward(container, definition, task_id)

    ecs._start_task_worker, ecs._start_awslogs_forwarder = start_permitted, forward_permitted


def _definition_of(task):
    return ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}


def _prepare(agent, containers):
    for container in containers:
        agent.read_secrets(container)
    if any(ECR_IMAGE.fullmatch(container["image"]) for container in containers):
        agent.log_in()
    for container in containers:
        agent.open_log(container)
        agent.pull(container["image"])


class _Agent:
    def __init__(self, task, definition):
        self.task_arn = task["taskArn"]
        self.region, self.account = self.task_arn.split(":")[3:5]
        self.role = (task.get("overrides") or {}).get("executionRoleArn") or definition.get("executionRoleArn")

    def read_secrets(self, container):
        references = [secret.get("valueFrom", "") for secret in container.get("secrets") or ()]
        references.append((container.get("repositoryCredentials") or {}).get("credentialsParameter", ""))
        for reference in filter(None, references):
            if ":secretsmanager:" in reference:
                self._read_secret(reference)
            else:
                self._read_parameter(reference)

    def _read_secret(self, reference):
        # A JSON key, a version stage and a version id may follow the ARN.
        arn = ":".join(reference.split(":")[:7])
        failed = f"failed to fetch secret {arn} from secrets manager: "
        reason = _RESOURCES.replace("{what}", "secret from asm") + failed + _DENIED
        self._call("secretsmanager:GetSecretValue", arn, reason)

    def _read_parameter(self, reference):
        named = f"arn:aws:ssm:{self.region}:{self.account}:parameter/{reference.lstrip('/')}"
        reason = _RESOURCES.replace("{what}", "secrets from ssm") + _DENIED
        self._call("ssm:GetParameters", reference if reference.startswith("arn:") else named, reason)

    def log_in(self):
        reason = _RESOURCES.replace("{what}", "ecr registry auth") + _DENIED
        self._call("ecr:GetAuthorizationToken", "*", reason)

    def open_log(self, container):
        log = ecs._awslogs_config(container, self.task_arn.rsplit("/", 1)[-1], "")
        if log is None:
            return
        missing = log["group"] not in cloudwatch_logs._log_groups
        if missing and log["create_group"]:
            self._call("logs:CreateLogGroup", self._group(log), _LOGGER)
        self._call("logs:CreateLogStream", self._stream(log), _LOGGER)
        if missing and not log["create_group"]:
            raise _Stopped(_NO_GROUP.replace("{id}", new_uuid()))

    def may_log(self, log):
        """Whether output may be forwarded; the container runs without its log otherwise."""
        call = ECS_TASKS, "logs:PutLogEvents", self._stream(log)
        return not self.role or permitted(gate.role_call, self.role, *call, source_arn=self.task_arn)

    def pull(self, image):
        match = ECR_IMAGE.fullmatch(image)
        if not match:
            return
        repository = f"arn:aws:ecr:{match['region']}:{match['account']}:repository/{match['name']}"
        reason = (
            f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
            f"pulling from host {match['host']} failed with status code [manifests {match['tag'] or 'latest'}]: "
            "403 Forbidden"
        )
        for action in ("BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability"):
            self._call(f"ecr:{action}", repository, reason)

    def _call(self, action, resource, reason):
        if not self.role:
            return
        try:
            gate.role_call(self.role, ECS_TASKS, action, resource, source_arn=self.task_arn)
        except gate.Denied as denied:
            message = "Access to KMS is not allowed" if denied.action.startswith("kms:") else denied.message
            raise _Stopped(reason.replace("{denied}", message).replace("{id}", new_uuid())) from denied

    def _group(self, log):
        return f"arn:aws:logs:{log['region'] or self.region}:{self.account}:log-group:{log['group']}"

    def _stream(self, log):
        return f"{self._group(log)}:log-stream:{log['stream']}"
