"""`healthCheck` of a container never runs, and `healthStatus` is always UNKNOWN.

The engine runs the check, as Docker does for the ECS agent, and reports each change of its outcome. A deployment is
complete when its tasks are HEALTHY; its circuit breaker counts those that are UNHEALTHY.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
No report upstream; ministack 1.5.33 does not read `healthCheck`.
"""

from ministack.core.responses import new_uuid
from ministack.services import ecs

from . import ecs_stop

UNHEALTHY = "Task failed container health checks"
_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
_SECOND = 1_000_000_000


def needed():
    run = ecs._build_run_kwargs(
        {"name": "c", "image": "i", "healthCheck": {"command": ["CMD", "true"]}}, {}, {}, {}, None, True, "0" * 8, "arn:none", None, "arn:none"
    )
    return "healthcheck" not in run


def apply():
    original, record_healthy = ecs._build_run_kwargs, ecs._record_service_task_healthy

    def build_run_kwargs(definition, *rest):
        kwargs = original(definition, *rest)
        if definition.get("healthCheck"):
            check = {**_DEFAULTS, **definition["healthCheck"]}
            kwargs["healthcheck"] = {
                "test": check["command"], "retries": int(check["retries"]), "interval": int(check["interval"]) * _SECOND,
                "timeout": int(check["timeout"]) * _SECOND, "start_period": int(check["startPeriod"]) * _SECOND,
            }
        return kwargs

    def record_healthy_task(service, task):
        if _has_passed(task):
            record_healthy(service, task)

    ecs._build_run_kwargs = build_run_kwargs
    ecs._record_service_task_healthy = record_healthy_task


def _has_passed(task):
    definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
    checked = {each["name"] for each in definition.get("containerDefinitions", []) if each.get("healthCheck") and each.get("essential", True)}
    return all(each.get("healthStatus") == "HEALTHY" for each in task["containers"] if each["name"] in checked)


def changes(client, container_id):
    """The health of a container at each change, until it ends."""
    for event in client.events(filters={"container": container_id, "event": ["health_status", "die"]}, decode=True):
        action = event["Action"]
        if action == "die":
            return
        yield action.removeprefix("health_status: ").upper()


def of_task(containers):
    """Only essential containers count; the first of UNHEALTHY, UNKNOWN and HEALTHY that one of them has."""
    found = {each.health for each in containers if each.essential}
    return next(health for health in ("UNHEALTHY", "UNKNOWN", "HEALTHY") if health in found)


def replace(task):
    """Have its service replace an unhealthy task. A task without a service continues."""
    group, cluster = task.get("group", ""), ecs._cluster_name_from_arn(task["clusterArn"])
    service = ecs._services.get(f"{cluster}/{group.removeprefix('service:')}") if group.startswith("service:") else None
    if service and ecs_stop.begin(task, UNHEALTHY, ecs_stop.SCHEDULER, failed=True):
        message = f"(service {service['serviceName']}) (task {task['taskArn'].rsplit('/', 1)[-1]}) failed container health checks."
        service["events"].insert(0, {"id": new_uuid(), "createdAt": ecs._iso(), "message": message})
