"""The emulator places every task at once; ECS throttles services whose tasks fail, and may have no capacity.

ECS throttles a service whose tasks repeatedly stop before they reach RUNNING: the time between attempts grows up to
27 minutes, and a new deployment resets it. A local process reaches RUNNING before it can fail, so a task that lived less
than ten seconds counts as one that failed to start.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
No report upstream; ministack 1.5.33.
"""

import threading
import time
from datetime import datetime, timezone

import clock
import service_events
from ministack.core.responses import get_account_id, get_region, json_response, new_uuid, request_scope
from ministack.services import ecs

NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
MAX_DELAY_SECONDS = 27 * 60
SHORT_LIFE_SECONDS = 10
RETRY_SECONDS = 1

_lock = threading.Lock()
_refusals = 0


def needed():
    # The emulator has no way to refuse placements on request, and no throttle.
    return True


def apply():
    run_task, record_failure = ecs._run_task, ecs._record_service_task_failure

    def place(data):
        service = _service_of(data)
        if service is not None:
            return _place_for_service(run_task, service, data)
        if _take_refusals(1):
            return json_response({"tasks": [], "failures": [{"reason": NO_CAPACITY}]})
        family = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")), {}).get("family")
        return run_task({**data, "group": data.get("group") or f"family:{family}"})

    def record(task, *args, **kwargs):
        _count_failure(task)
        record_failure(task, *args, **kwargs)

    ecs._run_task = place
    ecs._ACTION_MAP["RunTask"] = place
    ecs._record_service_task_failure = record


def refuse(count):
    global _refusals
    with _lock:
        _refusals = count


def _take_refusals(count):
    global _refusals
    with _lock:
        taken = min(count, _refusals)
        _refusals -= taken
        return taken


def _service_of(data):
    """The service whose scheduler makes the call: only a scheduler passes a deployment."""
    if "_deploymentId" not in data:
        return None
    return ecs._services.get(f"{data['cluster']}/{data['group'].split(':', 1)[1]}")


def _place_for_service(run_task, service, data):
    wait = service.get("_placeable_at", 0) - time.time()
    if wait > 0 and service.get("_throttled_deployment") == data["_deploymentId"]:
        _reconcile_later(service, wait)
        return json_response({"tasks": [], "failures": []})
    refused = _take_refusals(data["count"])
    if refused:
        _add_event(service, f"(service {service['serviceName']}) was unable to place a task. Reason: {NO_CAPACITY}.")
        service_events.placement_failed(service)
        _reconcile_later(service, RETRY_SECONDS)
    if refused == data["count"]:
        return json_response({"tasks": [], "failures": [{"reason": NO_CAPACITY}] * refused})
    if not refused:
        service_events.placed(service)
    return run_task({**data, "count": data["count"] - refused, "startedBy": data["_deploymentId"]})


def _count_failure(task):
    cluster = ecs._cluster_name_from_arn(task["clusterArn"])
    service = ecs._services.get(f"{cluster}/{task.get('group', '').removeprefix('service:')}")
    if not service:
        return
    if task.get("startedAt") and clock.real_of_machine(_seconds_since(task["startedAt"])) >= SHORT_LIFE_SECONDS:
        service["_failed_in_a_row"] = 0
        return
    failed = service["_failed_in_a_row"] = service.get("_failed_in_a_row", 0) + 1
    if service.get("_throttled_deployment") != task.get("_deployment_id"):
        failed = service["_failed_in_a_row"] = 1
    service["_throttled_deployment"] = task.get("_deployment_id")
    # The first replacement is immediate, as on ECS.
    delay = 0 if failed == 1 else min(MAX_DELAY_SECONDS, 2 ** (failed - 2))
    service["_placeable_at"] = time.time() + delay
    if failed == 3:
        _add_event(service, f"(service {service['serviceName']}) is unable to consistently start tasks successfully.")
        service_events.start_impaired(service)


def _reconcile_later(service, seconds):
    account, region = get_account_id(), get_region()
    cluster = ecs._cluster_name_from_arn(service["clusterArn"])

    def reconcile():
        with request_scope(account, region):
            ecs._reconcile_service_tasks(cluster, f"{cluster}/{service['serviceName']}")

    timer = threading.Timer(clock.real_of_machine(seconds), reconcile)
    timer.daemon = True
    previous, service["_placement_timer"] = service.get("_placement_timer"), _Timer(timer)
    if previous:
        previous.cancel()
    timer.start()


class _Timer:
    """A timer that deepcopy leaves alone: the emulator copies its state."""

    def __init__(self, timer):
        self._timer = timer

    def cancel(self):
        self._timer.cancel()

    def __deepcopy__(self, _memo):
        return self


def _add_event(service, message):
    service["events"].insert(0, {"id": new_uuid(), "createdAt": ecs._iso(), "message": message})


def _seconds_since(iso):
    return (datetime.now(timezone.utc) - datetime.fromisoformat(iso.replace("Z", "+00:00"))).total_seconds()
