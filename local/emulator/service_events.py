"""Events of ECS services on the default event bus: actions of the scheduler, and states of deployments.

An event is delivered in a thread of its own: its targets may call ECS, which holds a lock of the service here.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
"""

import json
import threading

import clock
from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope
from ministack.services import ecs, eventbridge

_INFO, _WARN, _ERROR = "INFO", "WARN", "ERROR"

_lock = threading.Lock()


def apply():
    refresh = ecs._refresh_service_state

    def refresh_and_announce(cluster_name, group):
        refresh(cluster_name, group)
        service = ecs._services.get(f"{cluster_name}/{(group or '').removeprefix('service:')}")
        if service and service.get("status") == "ACTIVE":
            _announce(service)

    ecs._refresh_service_state = refresh_and_announce


def put(account, region, source, detail_type, resources, detail):
    """Put an event of an AWS service on the default bus; PutEvents refuses the sources of AWS."""
    entry = {"Source": source, "DetailType": detail_type, "Resources": resources, "Detail": json.dumps(detail)}
    with request_scope(account, region):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def placed(service):
    service["_placement_failed"] = False


def placement_failed(service):
    """Once until a task is placed: ECS omits duplicates until the cause is resolved.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
    """
    if service.get("_placement_failed"):
        return
    service["_placement_failed"] = True
    prefix = service["clusterArn"].partition(":cluster/")[0]
    strategy = service.get("capacityProviderStrategy") or []
    providers = [f"{prefix}:capacity-provider/{item['capacityProvider']}" for item in strategy]
    more = {"capacityProviderArns": providers} if providers else {}
    _put_later(service, [_action(service, _ERROR, "SERVICE_TASK_PLACEMENT_FAILURE", **more, reason="RESOURCE:FARGATE")])


def start_impaired(service):
    _put_later(service, [_action(service, _WARN, "SERVICE_TASK_START_IMPAIRED")])


def _announce(service):
    """Put the events of what has changed since the last call."""
    events = []
    with _lock:
        known, service["_announced"] = service.get("_announced", {}), {}
        primary = ecs._primary_deployment(service)
        steady = _is_steady(service, primary)
        # A deployment fails before the last one comes back.
        for deployment in sorted(reversed(service["deployments"]), key=lambda deployment: deployment["rolloutState"] != "FAILED"):
            identity, state = deployment["id"], deployment["rolloutState"]
            if state == "COMPLETED" and not (steady and deployment is primary):
                # The emulator completes the first deployment before its tasks run.
                state = known.get(identity, "IN_PROGRESS")
            before = known.get(identity)
            if before is None and state != "IN_PROGRESS":
                events.append(_deployment(deployment, "IN_PROGRESS"))
            if state != before:
                events.append(_deployment(deployment, state))
            service["_announced"][identity] = state
        if steady and not service.get("_steady"):
            events.append(_action(service, _INFO, "SERVICE_STEADY_STATE"))
        service["_steady"] = steady
    if events:
        _put_later(service, events)


def _is_steady(service, primary):
    return bool(primary) and primary["rolloutState"] == "COMPLETED" and service["runningCount"] == service["desiredCount"] and not service["pendingCount"]


def _action(service, event_type, name, **more):
    detail = {"eventType": event_type, "eventName": name, "clusterArn": service["clusterArn"], **more, "createdAt": ecs._iso()}
    return "ECS Service Action", detail


def _deployment(deployment, state):
    identity = deployment["id"]
    if state == "FAILED":
        reason = "ECS deployment circuit breaker: task failed to start."
    elif state == "COMPLETED":
        reason = f"ECS deployment {identity} completed."
    elif "rollback" in deployment.get("rolloutStateReason", ""):
        reason = f"ECS deployment circuit breaker: rolling back to deploymentId {identity}."
    else:
        reason = f"ECS deployment {identity} in progress."
    return "ECS Deployment State Change", {
        "eventType": _ERROR if state == "FAILED" else _INFO, "eventName": f"SERVICE_DEPLOYMENT_{state}", "deploymentId": identity,
        "updatedAt": deployment["updatedAt"], "reason": reason,
    }


def _put_later(service, events):
    """In their order, in one thread."""
    clock.later(0, _put_all, service["serviceArn"], events)


def _put_all(service_arn, events):
    spec = parse_arn(service_arn)
    for detail_type, detail in events:
        put(spec.account_id, spec.region, "aws.ecs", detail_type, [service_arn], detail)
