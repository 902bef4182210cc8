"""The emulator polls the engine ten times a second for each container; the patch waits for its exit instead.

Polling is some 400 requests a second with twenty tasks. Waiting also reports the exit at once.
"""

import threading
import time

from ministack.core.concurrency import resource_lock
from ministack.core.responses import request_scope
from ministack.services import ecs

from . import scratch


def needed():
    with scratch.running_task() as (task, container):
        task["group"] = ""
        ecs._watch_task_lifecycle(task, ecs._get_docker(), scratch.ACCOUNT, scratch.REGION)
        time.sleep(0.25)
        task["desiredStatus"] = "STOPPED"
        return container.reloads > 1


def apply():
    ecs._watch_task_lifecycle = watch
    # DescribeTasks and ListTasks do not need to poll either.
    ecs._maybe_mark_stopped = lambda task, docker_client=None: None


def watch(task, docker_client, account_id, region):
    def waiter(index, container_id):
        with request_scope(account_id, region):
            code = _wait(docker_client, task, container_id)
            if code is not None:
                _ended(docker_client, task, index, code)

    for index, container_id in enumerate(list(task["_docker_ids"])):
        threading.Thread(target=waiter, args=(index, container_id), daemon=True, name=f"ecs-wait-{container_id[:8]}").start()

    cluster = ecs._cluster_name_from_arn(task["clusterArn"])
    group = task.get("group", "")
    if group.startswith("service:"):
        ecs._schedule_service_deployment_completion(
            cluster, f"{cluster}/{group.split(':', 1)[1]}", account_id, region, healthy_task=task
        )


def _wait(docker_client, task, container_id):
    """The exit code; None when the task is being stopped, which records the exit code itself."""
    while ecs._task_is_active(task["taskArn"], task):
        try:
            return int(docker_client.api.wait(container_id, timeout=None)["StatusCode"])
        except Exception as error:
            if getattr(getattr(error, "response", None), "status_code", None) == 404:
                return None
            time.sleep(0.5)
    return None


def _ended(docker_client, task, index, code):
    arn = task["taskArn"]
    with resource_lock("ecs-task", arn):
        if not ecs._task_is_active(arn, task):
            return
        task["containers"][index]["lastStatus"] = "STOPPED"
        task["containers"][index]["exitCode"] = code
        essential = task["_container_essentials"][index]
        others_run = any(c["lastStatus"] != "STOPPED" for c in task["containers"])
    if others_run and not essential:
        return
    from . import ecs_stop

    ecs_stop.begin(task, "Essential container in task exited", "EssentialContainerExited")
