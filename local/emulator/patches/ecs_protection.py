"""Task protection: the API is a stub, and scale-in stops the newest task even when it is protected.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
No report upstream; ministack 1.5.33.
"""

import json
import threading
import time

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.services import ecs

from . import ecs_stop, scratch

DEFAULT_MINUTES = 120
MAX_MINUTES = 2880


def needed():
    with scratch.running_task() as (task, _container):
        answer = ecs._update_task_protection({"cluster": "probe", "tasks": [task["taskArn"]], "protectionEnabled": True})
        return not json.loads(answer[2])["protectedTasks"]


def apply():
    ecs._ACTION_MAP["UpdateTaskProtection"] = update
    ecs._ACTION_MAP["GetTaskProtection"] = get
    ecs._update_task_protection = update
    ecs._get_task_protection = get
    stop, reconcile = ecs._stop_task, ecs._reconcile_service_tasks

    def stop_unless_protected(data):
        task = ecs._resolve_task(data["task"], ecs._resolve_cluster_name(data["cluster"]))
        if task and _protected(task) and data.get("reason") != "Service deleted":
            return json_response({"task": ecs._sanitize(task)})
        return stop(data)

    def reconcile_unprotected(cluster, key):
        _scale_in(key)
        reconcile(cluster, key)

    ecs._stop_task = stop_unless_protected
    ecs._reconcile_service_tasks = reconcile_unprotected


def update(data):
    minutes = data.get("expiresInMinutes", DEFAULT_MINUTES)
    if not 1 <= minutes <= MAX_MINUTES:
        return error_response_json("InvalidParameterException", f"expiresInMinutes must be between 1 and {MAX_MINUTES}", 400)
    enabled = bool(data.get("protectionEnabled"))

    def change(task):
        task["_protected_until"] = time.time() + 60 * minutes if enabled else 0
        _reconcile_after(task, 60 * minutes + 0.1 if enabled else 0)

    return _for_each(data, change)


def get(data):
    return _for_each(data, lambda _task: None)


def _for_each(data, action):
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    if cluster is None or cluster not in ecs._clusters:
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    tasks, failures = [], []
    for ref in data.get("tasks") or []:
        task = ecs._resolve_task(ref, cluster)
        if not task:
            failures.append({"arn": ref, "reason": "MISSING"})
        elif not task.get("group", "").startswith("service:") or not ecs._task_is_active(task["taskArn"], task):
            failures.append({"arn": task["taskArn"], "reason": "TASK_NOT_VALID"})
        else:
            action(task)
            tasks.append(_view(task))
    return json_response({"protectedTasks": tasks, "failures": failures})


def _view(task):
    protected = _protected(task)
    expiry = {"expirationDate": task["_protected_until"]} if protected else {}
    return {"taskArn": task["taskArn"], "protectionEnabled": protected, **expiry}


def _protected(task):
    return task.get("_protected_until", 0) > time.time()


def _scale_in(key):
    """Stop the excess tasks of the newest deployment, newest first, except protected tasks."""
    service = ecs._services.get(key)
    if not service or service["status"] != "ACTIVE":
        return
    primary = ecs._primary_deployment(service)
    current = [
        task for task in ecs._tasks.values()
        if task.get("group") == f"service:{service['serviceName']}"
        and task.get("clusterArn") == service["clusterArn"]
        and ecs._task_is_active(task["taskArn"], task)
        and ecs._deployment_for_task(service, task) is primary
    ]
    excess = len(current) - service["desiredCount"]
    free = sorted((t for t in current if not _protected(t)), key=lambda t: t["createdAt"], reverse=True)
    for task in free[: max(0, excess)]:
        ecs_stop.begin(task, f"Scaling activity initiated by (deployment {primary['id']})", ecs_stop.SCHEDULER)


def _reconcile_after(task, seconds):
    account, region = get_account_id(), get_region()
    cluster = ecs._cluster_name_from_arn(task["clusterArn"])

    def reconcile():
        with request_scope(account, region):
            if not _protected(task):
                ecs._reconcile_service_tasks(cluster, f"{cluster}/{task['group'].split(':', 1)[1]}")

    timer = threading.Timer(seconds, reconcile)
    timer.daemon = True
    timer.start()
