"""The containers of a task all start at once, whatever `dependsOn` says, and the emulator polls the engine for their exits.

One thread for each task does what the ECS agent does: it starts each container when its dependencies are met, and
follows exits and health checks as they happen. Polling would be some 400 requests a second with twenty tasks.
No report upstream; ministack 1.5.33 does not read `dependsOn`.
"""

import functools
import queue
import threading
import time

from ministack.core.concurrency import resource_lock
from ministack.core.responses import error_response_json, get_account_id, get_region, request_scope
from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from . import container_order, ecs_health, ecs_stop, scratch

# "this exit code is the closest to reality": https://github.com/aws/amazon-ecs-agent/pull/3218
NEVER_STARTED = 143


def needed():
    gate = {"name": "gate", "image": "i", "essential": False}
    file = {"name": "file", "image": "i", "dependsOn": [{"containerName": "gate", "condition": "SUCCESS"}]}
    with scratch.running_task(lastStatus="PROVISIONING", containers=[{"name": "gate"}, {"name": "file"}], _docker_ids=[]) as (task, container):
        container.ended.set()
        ecs._start_task_worker(task, {"containerDefinitions": [gate, file]}, [], ecs._get_docker())
        scratch.until_stopped(task)
        return container.runs > 1


def apply():
    ecs._start_task_worker, ecs._mark_task_pending = run, _provisioned(ecs._mark_task_pending)
    ecs._fail_task_start = lambda task, _client, reason: ecs_stop.begin(task, reason, "TaskFailedToStart")
    # DescribeTasks and ListTasks do not need to poll either.
    ecs._maybe_mark_stopped = lambda task, docker_client=None: None
    _refuse_circles()


def _provisioned(mark_pending):
    """PROVISIONING raises an event too; it is over before anything else of a task begins."""

    def mark(task_arn, task):
        ecs_stop.changed(task)
        return mark_pending(task_arn, task)

    return mark


def run(task, definition, overrides, client):
    """Replaces the emulator's start of a task: returns when the task stops."""
    if not ecs._mark_task_pending(task["taskArn"], task) or not ecs._mark_task_activating(task["taskArn"], task):
        return
    agent = _Agent(task, definition, overrides, client)
    ecs_stop.on_begin[task["taskArn"]] = lambda: agent.post(lambda: None)
    try:
        agent.run()
    finally:
        del ecs_stop.on_begin[task["taskArn"]]


class _Agent:
    def __init__(self, task, definition, overrides, client):
        self._task, self._definition, self._overrides, self._client = task, definition, overrides, client
        self._containers = container_order.of(definition["containerDefinitions"])
        self._changes = queue.SimpleQueue()
        self._deployment = None
        self._secrets = {}

    def post(self, change):
        self._changes.put(change)

    def run(self):
        # All of them before the first container: a secret that is missing fails the task, not a container.
        self._secrets = {name: ecs._resolve_container_secrets(each.definition) for name, each in self._containers.items()}
        self._deployment = ecs._prepare_service_images(self._task, self._definition, self._client)
        self._progress()
        while self._is_active():
            self._await_change()
            self._progress()

    def _is_active(self):
        return ecs._task_is_active(self._task["taskArn"], self._task)

    def _await_change(self):
        deadline = container_order.next_deadline(self._containers)
        try:
            self._changes.get(timeout=None if deadline is None else max(0, deadline - time.monotonic()))()
        except queue.Empty:
            pass

    def _progress(self):
        """Start what may start, and report what follows for the task."""
        while self._is_active() and any([self._try_start(each) for each in self._containers.values() if each.status == container_order.NONE]):
            pass
        if not self._is_active():
            return
        containers = self._containers.values()
        if self._task["lastStatus"] != "RUNNING" and all(self._has_started(each) for each in containers):
            self._report_running()
        stopped = [each for each in containers if each.essential and each.status == container_order.STOPPED]
        if any(each.started_at is None for each in stopped):
            ecs_stop.begin(self._task, "Task failed to start", "TaskFailedToStart")
        elif stopped:
            ecs_stop.begin(self._task, "Essential container in task exited", "EssentialContainerExited")

    @staticmethod
    def _has_started(container):
        return container.started_at is not None or (container.status == container_order.STOPPED and not container.essential)

    def _try_start(self, container):
        """Whether the container has changed."""
        try:
            if not container_order.may_start(container, self._containers, time.monotonic()):
                return False
            self._start(container)
        except container_order.CannotStart as error:
            self._record_stop(container, NEVER_STARTED, f"CannotStartContainerError: {error}")
        return True

    def _report_running(self):
        ecs._mark_task_running(self._task["taskArn"], self._task)
        self._consider_deployment()

    def _consider_deployment(self):
        """Its deployment may be complete with this task."""
        task = self._task
        group, cluster = task.get("group", ""), ecs._cluster_name_from_arn(task["clusterArn"])
        if group.startswith("service:"):
            ecs._schedule_service_deployment_completion(
                cluster, f"{cluster}/{group.split(':', 1)[1]}", get_account_id(), get_region(), healthy_task=task
            )

    def _start(self, container):
        task, definition = self._task, self._definition
        override = ecs._container_override_for(self._overrides, container.name)
        own = {**container.definition, **({"command": override["command"]} if "command" in override else {})}
        env = {each["name"]: each["value"] for each in own.get("environment", [])} | self._secrets[container.name]
        env |= {each["name"]: each["value"] for each in override.get("environment", [])}
        token = ecs._register_metadata(task["taskArn"], task["clusterArn"], definition, own, task.get("launchType", "EC2"), env, False, None)
        task.setdefault("_metadata_tokens", []).append(token)
        task_id = task["taskArn"].rsplit("/", 1)[-1]
        arguments = ecs._build_run_kwargs(own, definition, env, {}, None, False, task_id, task["taskArn"], None, task["clusterArn"])
        credentials = ecs._resolve_repository_credentials(own) if self._deployment else None
        handle = ecs._run_docker_container(self._client, own, arguments, auth_config=credentials)
        container.status, container.started_at = container_order.RUNNING, time.monotonic()
        task["containers"][container.index]["_docker_id"] = handle.id
        if not ecs._attach_started_container(task, handle, container.index, token, None):
            # The task is being stopped: this container began too late to be stopped with the others.
            ecs._remove_docker_container(self._client, handle)
            return
        ecs._start_awslogs_forwarder(handle, own, task_id)
        self._follow(container, handle)

    def _follow(self, container, handle):
        def exits():
            code = _wait(self._client, self._task, handle.id)
            if code is not None:
                self.post(lambda: self._record_stop(container, code))

        self._spawn(exits, f"ecs-wait-{handle.id[:8]}")
        if container.definition.get("healthCheck"):
            def checks():
                for health in ecs_health.changes(self._client, handle.id):
                    self.post(functools.partial(self._record_health, container, health))

            self._spawn(checks, f"ecs-health-{handle.id[:8]}")

    def _spawn(self, work, name):
        account, region = get_account_id(), get_region()

        def scoped():
            with request_scope(account, region):
                work()

        threading.Thread(target=scoped, daemon=True, name=name).start()

    def _record_stop(self, container, code, reason=None):
        container.status, container.exit_code = container_order.STOPPED, code
        with resource_lock("ecs-task", self._task["taskArn"]):
            if not self._is_active():
                return
            record = self._task["containers"][container.index]
            record.update(lastStatus="STOPPED", exitCode=code, **({"reason": reason} if reason else {}))
            if not container.essential:
                # The stop of an essential container is part of the task's own change.
                ecs._bump_task_version(self._task)
                ecs_stop.changed(self._task)

    def _record_health(self, container, health):
        container.health = health
        with resource_lock("ecs-task", self._task["taskArn"]):
            if not self._is_active():
                return
            self._task["containers"][container.index]["healthStatus"] = health
            self._task["healthStatus"] = ecs_health.of_task(self._containers.values())
            ecs_stop.changed(self._task)
        if self._task["healthStatus"] == "UNHEALTHY":
            ecs_health.replace(self._task)
        elif health == "HEALTHY":
            self._consider_deployment()


def _wait(client, task, container_id):
    """The exit code; None when the task is being stopped, which records the exit code itself."""
    while ecs._task_is_active(task["taskArn"], task):
        try:
            return int(client.api.wait(container_id, timeout=None)["StatusCode"])
        except Exception as error:
            if getattr(getattr(error, "response", None), "status_code", None) == 404:
                return None
            time.sleep(0.5)
    return None


def _refuse_circles():
    """Refuse dependencies that ECS refuses, when a task definition is registered."""
    register, create = ecs._register_task_definition, provisioners._normalize_container_defs

    def register_checked(data):
        found = container_order.problem([each for each in data.get("containerDefinitions") or [] if "name" in each])
        return error_response_json("ClientException", found, 400) if found else register(data)

    def create_checked(definitions):
        normalized = create(definitions)
        found = container_order.problem(normalized)
        if found:
            raise ValueError(found)
        return normalized

    ecs._register_task_definition = ecs._ACTION_MAP["RegisterTaskDefinition"] = register_checked
    provisioners._normalize_container_defs = create_checked
