"""StopTask reports exit code 0 at once and kills the container after five seconds.

ECS instead sets desiredStatus, sends SIGTERM, waits for `stopTimeout`, kills, and reports STOPPED with the real exit codes;
containers stop in the reverse order of `dependsOn`. Three of the changes on the way raise an event and count: desiredStatus
STOPPED, DEPROVISIONING and STOPPED. DEACTIVATING and STOPPING do neither.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
No report upstream; ministack 1.5.33.
"""

import threading

from ministack.core.concurrency import resource_lock
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.services import ecs, ecs_metadata

from . import container_order, scratch
from .ecs_container_settings import STOP_TIMEOUT_SECONDS

SCHEDULER = "ServiceSchedulerInitiated"
_BY_ITSELF = ("EssentialContainerExited", "TaskFailedToStart")

on_begin = {}
"""What to call when the stop of a task begins, by its ARN."""


def needed():
    with scratch.running_task() as (task, container):
        ecs._ACTION_MAP["StopTask"]({"cluster": "probe", "task": task["taskArn"]})
        scratch.until_stopped(task)
        return container.stop_timeout != 7 or task["containers"][0]["exitCode"] != 3


def apply():
    ecs._stop_task = stop_for_service
    ecs._ACTION_MAP["StopTask"] = stop_on_request


def stop_on_request(data):
    return _stop(data, data.get("reason") or "Task stopped by user", "UserInitiated")


def stop_for_service(data):
    """Called by the emulator's service scheduler; replaces its reasons with those of ECS."""
    task = ecs._resolve_task(data["task"], ecs._resolve_cluster_name(data["cluster"]))
    deployment = (task or {}).get("_deployment_id")
    reason = f"Scaling activity initiated by (deployment {deployment})" if deployment else data["reason"]
    return _stop(data, reason, SCHEDULER)


def _stop(data, reason, code):
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    if cluster is None:
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    task = ecs._resolve_task(data.get("task", ""), cluster)
    if not task:
        return error_response_json("InvalidParameterException", "The referenced task was not found.", 400)
    begin(task, reason, code)
    return json_response({"task": ecs._sanitize(task)})


def begin(task, reason, code, failed=False):
    """Start to stop a task; False when it is stopping or stopped already. `failed`: its deployment counts it."""
    arn = task["taskArn"]
    with resource_lock("ecs-task", arn):
        if not ecs._task_is_active(arn, task):
            return False
        ecs._bump_task_version(task)
        task.update(desiredStatus="STOPPED", stoppingAt=ecs._iso(), stoppedReason=reason, stopCode=code)
        changed(task)
        # From here on the service does not count it. DEACTIVATING is passed at once: there is nothing to deregister.
        task["lastStatus"] = "STOPPING"
    on_begin.get(arn, lambda: None)()
    ecs_metadata.set_task_status(arn, desired_status="STOPPED")
    _recount(task)
    account, region = get_account_id(), get_region()

    def finish():
        with request_scope(account, region):
            # A service replaces a task at once when it is stopped, and after its end when it exited by itself.
            if failed:
                ecs._record_service_task_failure(task)
            elif code not in _BY_ITSELF:
                _reconcile(task)
            _finish(task)

    threading.Thread(target=finish, daemon=True, name=f"ecs-stop-{arn[-8:]}").start()
    return True


def changed(_task):
    """Called with the task at each change for which ECS sends an event; the reporter replaces it."""


def _finish(task):
    client = ecs._get_docker()
    _stop_containers(task, client)
    with resource_lock("ecs-task", task["taskArn"]):
        _advance(task, "DEPROVISIONING", executionStoppedAt=ecs._iso())
    ecs_metadata.set_all_container_status(task["taskArn"], "STOPPED")
    ecs._cleanup_task_resources(task, client)
    with resource_lock("ecs-task", task["taskArn"]):
        _advance(task, "STOPPED", stoppedAt=ecs._iso())
    ecs_metadata.set_task_status(task["taskArn"], known_status="STOPPED")
    _recount(task)
    if task["stopCode"] in _BY_ITSELF:
        ecs._record_service_task_failure(task)


def _advance(task, status, **times):
    ecs._bump_task_version(task)
    task.update(lastStatus=status, **times)
    changed(task)


def _stop_containers(task, client):
    """SIGTERM to each container when those that depend on it have ended, and SIGKILL after its `stopTimeout`."""
    definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
    containers = container_order.of(definition.get("containerDefinitions", []))
    ended = {record["name"]: threading.Event() for record in task["containers"]}

    def end(record):
        own = containers.get(record["name"])
        for dependent in container_order.dependents(record["name"], containers):
            ended[dependent].wait()
        try:
            handle = client.containers.get(record["_docker_id"])
            handle.stop(timeout=int((own and own.definition.get("stopTimeout")) or STOP_TIMEOUT_SECONDS))
            record["exitCode"] = int(handle.wait()["StatusCode"])
        except Exception as error:
            if record.get("exitCode") is None:
                record["reason"] = f"DockerStateError: {error}"
        finally:
            record["lastStatus"] = "STOPPED"
            ended[record["name"]].set()

    enders = []
    for record in task["containers"]:
        if record.get("_docker_id") is None or record["lastStatus"] == "STOPPED":
            record["lastStatus"] = "STOPPED"
            ended[record["name"]].set()
        else:
            enders.append(threading.Thread(target=end, args=(record,)))
    for ender in enders:
        ender.start()
    for ender in enders:
        ender.join()


def _recount(task):
    cluster = ecs._cluster_name_from_arn(task["clusterArn"])
    ecs._recount_cluster(cluster)
    ecs._refresh_service_state(cluster, task.get("group", ""))


def _reconcile(task):
    group = task.get("group", "")
    if group.startswith("service:"):
        cluster = ecs._cluster_name_from_arn(task["clusterArn"])
        ecs._reconcile_service_tasks(cluster, f"{cluster}/{group.split(':', 1)[1]}")
