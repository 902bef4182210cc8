"""Step Functions `ecs:runTask.sync` ignores exit codes, does not stop a task at a timeout, and returns camelCase.

AWS returns the task in PascalCase with times in milliseconds, fails with States.TaskFailed when an essential container
exits with a code other than 0 or with none, and stops the task when the state times out or a state around it fails.
No report upstream; ministack 1.5.33.
"""

import contextvars
import json
import time
from datetime import datetime

import clock
from authorization import step_functions
from ministack.services import ecs, stepfunctions

from . import scratch, sfn_parallel

RUN_TASK = "arn:aws:states:::ecs:runTask"
_deadline = contextvars.ContextVar("deadline", default=None)


def needed():
    with scratch.running_task() as (task, _container):
        task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stopCode="EssentialContainerExited")
        task["containers"][0]["exitCode"] = 3
        answer = json.dumps({"tasks": [{"taskArn": task["taskArn"]}], "failures": []})
        real, ecs._run_task = ecs._run_task, lambda _data: (200, {}, answer)
        sleep, stepfunctions._scaled_sleep = stepfunctions._scaled_sleep, lambda _seconds: None
        try:
            stepfunctions._invoke_ecs_run_task(f"{RUN_TASK}.sync", {"Cluster": "probe", "TaskDefinition": "probe"})
            return True
        except stepfunctions._ExecutionError as error:
            return error.error != "States.TaskFailed"
        finally:
            ecs._run_task, stepfunctions._scaled_sleep = real, sleep


def apply():
    with_timeout = stepfunctions._invoke_resource_with_timeout

    def remember_deadline(resource, input_data, timeout):
        token = _deadline.set(clock.machine() + timeout)
        try:
            return with_timeout(resource, input_data, timeout)
        finally:
            _deadline.reset(token)

    stepfunctions._invoke_resource_with_timeout = remember_deadline
    stepfunctions._invoke_ecs_run_task = run_task
    for prefix in stepfunctions._SERVICE_DISPATCH:
        if prefix == RUN_TASK:
            stepfunctions._SERVICE_DISPATCH[prefix] = run_task


def run_task(resource, input_data):
    request = stepfunctions._pascal_to_camel(input_data)
    status, _headers, body = ecs._run_task({"startedBy": "AWS Step Functions", **request})
    answer = json.loads(body)
    if status >= 400:
        raise stepfunctions._ExecutionError(f"ECS.{answer['__type']}", answer.get("message", ""))
    if answer["failures"]:
        raise stepfunctions._ExecutionError("ECS.AmazonECSException", answer["failures"][0]["reason"])
    if not resource.endswith(".sync"):
        return pascal(answer)
    return _until_stopped(request.get("cluster", "default"), answer["tasks"][0]["taskArn"])


def _until_stopped(cluster, arn):
    task = ecs._resolve_task(arn, ecs._resolve_cluster_name(cluster))
    while task["lastStatus"] != "STOPPED":
        if _deadline.get() is not None and clock.machine() >= _deadline.get():
            _stop(task, "States.Timeout")
        if sfn_parallel.ended():
            _stop(task, sfn_parallel.ABORTED)
        time.sleep(0.1)
    step_functions.may("ecs:DescribeTasks", arn, {"ecs:cluster": task["clusterArn"]})
    output = pascal(ecs._sanitize(task))
    failed = task.get("stopCode") != "EssentialContainerExited"
    if failed or any(c.get("exitCode") != 0 for c, e in zip(task["containers"], task["_container_essentials"]) if e):
        raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(output))
    return output


def _stop(task, reason):
    """Step Functions stops a task if it may; the state fails in any case."""
    if step_functions.may("ecs:StopTask", task["taskArn"], {"ecs:cluster": task["clusterArn"]}):
        ecs._ACTION_MAP["StopTask"]({"cluster": task["clusterArn"], "task": task["taskArn"], "reason": reason})
    raise stepfunctions._ExecutionError(reason, "")


def pascal(value, key=""):
    if isinstance(value, list):
        return [pascal(item) for item in value]
    if isinstance(value, dict):
        return {name[0].upper() + name[1:]: pascal(item, name) for name, item in value.items()}
    if key in ecs._ECS_TIMESTAMP_FIELDS and isinstance(value, str):
        return round(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000)
    return value
