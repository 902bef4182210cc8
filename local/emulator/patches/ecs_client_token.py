"""RunTask ignores `clientToken`: a repeated call starts another task instead of returning the first.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
No report upstream; ministack 1.5.33.
"""

import json
import threading

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid
from ministack.services import ecs

from . import scratch

_lock = threading.Lock()
_launched = {}
"""(account, region, token) -> (request, ARNs of the tasks)."""


def needed():
    with scratch.running_task() as (task, _container):
        ecs._get_docker = lambda: None  # tasks without processes; `running_task` restores the client
        request = {"cluster": "probe", "taskDefinition": task["taskDefinitionArn"], "clientToken": new_uuid()}
        first, again = (json.loads(ecs._ACTION_MAP["RunTask"](request)[2])["tasks"][0]["taskArn"] for _ in range(2))
        return first != again


def apply():
    run_task = ecs._ACTION_MAP["RunTask"]

    def run(data):
        token = data.get("clientToken")
        if not token:
            return run_task(data)
        with _lock:
            return _run_once(run_task, (get_account_id(), get_region(), token), data)

    ecs._ACTION_MAP["RunTask"] = run


def _run_once(run_task, key, data):
    request, arns = _launched.get(key, (None, []))
    if not arns:
        answer = run_task(data)
        started = json.loads(answer[2]).get("tasks") or []
        if started:
            _launched[key] = (data, [task["taskArn"] for task in started])
        return answer
    if request != data:
        return error_response_json("ConflictException", "The request with this clientToken had other parameters.", 400)
    return json_response({"tasks": [ecs._sanitize(ecs._tasks[arn]) for arn in arns if arn in ecs._tasks], "failures": []})
