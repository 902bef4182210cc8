"""AWS/States metrics of executions."""

from datetime import datetime

from ministack.core.arn import parse_arn
from ministack.services import stepfunctions

from . import store

# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
_EXECUTIONS = {
    "RUNNING": "ExecutionsStarted", "SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted", "TIMED_OUT": "ExecutionsTimedOut",
}


def apply():
    emit = stepfunctions._emit_execution_status_event

    def emit_and_count(execution):
        emit(execution)
        _count_execution(execution)

    stepfunctions._emit_execution_status_event = emit_and_count


def _count_execution(execution):
    machine = parse_arn(execution["stateMachineArn"].split("/")[0])
    scope = {"account": machine.account_id, "region": machine.region}
    dimensions = {"StateMachineArn": str(machine)}
    store.put("AWS/States", _EXECUTIONS[execution["status"]], dimensions, 1, **scope)
    if execution.get("stopDate"):
        taken = _moment(execution["stopDate"]) - _moment(execution["startDate"])
        store.put("AWS/States", "ExecutionTime", dimensions, taken * 1000, unit="Milliseconds", **scope)


def _moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
