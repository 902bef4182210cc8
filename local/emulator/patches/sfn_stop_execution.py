"""An execution that is stopped goes on: its waits, the tasks that it waits for, and the executions of its Distributed Map.

AWS ends its states without Retry and Catch, and tries to stop what they wait for; so it does where a branch of a Parallel
state has failed.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
No report upstream; ministack 1.5.33.
"""

import threading

from ministack.core.responses import request_scope
from ministack.services import stepfunctions

from . import scratch, sfn_parallel

_stops = {}
"""What is set when an execution is stopped, by its ARN."""


def needed():
    arn = f"arn:aws:states:{scratch.REGION}:{scratch.ACCOUNT}:execution:probe:1"
    execution = {"executionArn": arn, "stateMachineArn": "arn:none", "name": "1", "status": "ABORTED", "startDate": "", "input": "{}", "events": []}
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        stepfunctions._fail_execution(execution, "Probe", "")
    return execution["status"] != "ABORTED"


def apply():
    run, stop, fail = stepfunctions._run_execution, stepfunctions._stop_execution, stepfunctions._fail_execution
    execute_task, add_event = stepfunctions._execute_task, stepfunctions._add_event

    def run_execution(arn):
        _stops[arn] = threading.Event()
        sfn_parallel.end_with(_stops[arn])
        try:
            run(arn)
        finally:
            del _stops[arn]

    def stop_execution(data):
        answer = stop(data)
        if answer[0] < 400 and data["executionArn"] in _stops:
            _stops[data["executionArn"]].set()
        return answer

    def fail_execution(execution, error, cause):
        if execution["status"] != "ABORTED":
            fail(execution, error, cause)

    def add(execution, kind, *rest):
        if execution.get("status") != "ABORTED" or kind == "ExecutionAborted":
            add_event(execution, kind, *rest)

    def execute(*args):
        if sfn_parallel.ended():
            raise stepfunctions._ExecutionError(sfn_parallel.ABORTED, "")
        return execute_task(*args)

    stepfunctions._run_execution, stepfunctions._stop_execution = run_execution, stop_execution
    stepfunctions._fail_execution, stepfunctions._execute_task, stepfunctions._add_event = fail_execution, execute, add
    for name in ("_find_matching_retrier", "_find_matching_catcher"):
        setattr(stepfunctions, name, _unless_ended(getattr(stepfunctions, name)))


def _unless_ended(find):
    """Nothing matches when the state has been stopped."""
    return lambda matchers, *rest: find([] if sfn_parallel.ended() else matchers, *rest)
