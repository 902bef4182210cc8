"""A deregistered task definition still starts tasks, and a family without a revision means its newest, deregistered or not.

An INACTIVE revision cannot start new tasks or services, nor can a service change to it; tasks and services that have it
continue, and scale. AWS lets up to ten minutes pass before it refuses; the refusal here is immediate.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
No report upstream; ministack 1.5.33.
"""

from ministack.core.responses import error_response_json
from ministack.services import ecs

from . import scratch

INACTIVE = "TaskDefinition is inactive"


def needed():
    with scratch.running_task() as (task, _container):
        ecs._get_docker = lambda: None  # tasks without processes; `running_task` restores the client
        ecs._deregister_task_definition({"taskDefinition": "probe:1"})
        return ecs._ACTION_MAP["RunTask"]({"cluster": "probe", "taskDefinition": task["taskDefinitionArn"]})[0] < 400


def apply():
    resolve, run_task, create_service, update_service = ecs._resolve_td_key, ecs._run_task, ecs._create_service, ecs._update_service

    def resolve_active(reference):
        key = resolve(reference)
        family = reference and reference.split("task-definition/")[-1]
        return key if not family or ":" in family else _newest_active(family) or key

    def run(data):
        # Only the scheduler of a service passes a deployment: the service has the definition already.
        return _refusal() if "_deploymentId" not in data and _is_inactive(data) else run_task(data)

    def create(data):
        return _refusal() if _is_inactive(data) else create_service(data)

    def update(data):
        return _refusal() if _is_inactive(data) and not _has_already(data) else update_service(data)

    ecs._resolve_td_key = resolve_active
    for action, replacement in (("RunTask", run), ("CreateService", create), ("UpdateService", update)):
        ecs._ACTION_MAP[action] = replacement
    ecs._run_task, ecs._create_service, ecs._update_service = run, create, update


def _newest_active(family):
    revisions = [each["revision"] for each in ecs._task_defs.values() if each["family"] == family and each["status"] == "ACTIVE"]
    return f"{family}:{max(revisions)}" if revisions else None


def _definition(data):
    return ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition") or ""))


def _is_inactive(data):
    definition = _definition(data)
    return definition is not None and definition["status"] != "ACTIVE"


def _has_already(data):
    cluster, service = ecs._resolve_cluster_name(data.get("cluster") or "default"), ecs._resolve_service_ref(data.get("service") or "")
    found = ecs._services.get(f"{cluster}/{service[0]}") if service else None
    return found is not None and found["taskDefinition"] == _definition(data)["taskDefinitionArn"]


def _refusal():
    return error_response_json("ClientException", INACTIVE, 400)
