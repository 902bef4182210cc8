"""The calls that Step Functions makes with the role of an execution: those of its tasks, and those of a Distributed Map.

The emulator makes these calls in its own process, where nothing else checks them.
"""

import contextvars
import functools
import logging
import uuid

from ministack import app
from ministack.services import stepfunctions

from . import gate, integrations, sdk_calls, state_machines, tracing
from .integration_errors import of_integration

logger = logging.getLogger("fileworks.authorization")

_role = contextvars.ContextVar("fileworks_execution_role", default=None)
"""`call(action, resource, context)` with the role of the execution that this thread runs; None outside of one."""

_sdk_resource = contextvars.ContextVar("fileworks_sdk_resource", default=None)
"""The `aws-sdk` resource that this thread calls."""

_waiting = {}
"""The state machine that waits for each task token."""


def apply():
    stepfunctions._run_execution = _with_role(stepfunctions._run_execution)
    stepfunctions._invoke_resource = _authorized(stepfunctions._invoke_resource)
    stepfunctions._invoke_with_callback = _authorized(_owning(stepfunctions._invoke_with_callback))
    stepfunctions._read_map_items = _authorized_reader(stepfunctions._read_map_items)
    app.call_service_handler_sync = _authorized_sdk_call(app.call_service_handler_sync)
    state_machines.apply()
    tracing.apply()


def check(action, resource, context=None, *, error):
    """A call with the execution's role; `error(denied)` gives name and cause of the state's failure when it is denied."""
    call = _role.get()
    if call is None:
        return
    try:
        call(action, resource, context)
    except gate.Denied as denied:
        raise stepfunctions._ExecutionError(*error(denied)) from None


def machine_of(token):
    """The ARN of the state machine that waits for a task token, which IAM evaluates for its answer; None when none waits.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    return _waiting.get(token)


def may(action, resource, context=None):
    """Whether a call is allowed without which the execution continues: its denial is reported, and fails no state.

    Step Functions learns of the end of a job by polling and by events, and tries to stop a job once.
    https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html#connect-iam-sync-async
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
    """
    try:
        check(action, resource, context, error=lambda denied: ("States.Permissions", denied.message))
    except stepfunctions._ExecutionError as denied:
        logger.warning("Step Functions continues without %s: %s", action, denied.cause)
        return False
    return True


def _with_role(run):
    """The role is that of the machine at the start, also for an execution under way when the machine is updated.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html
    """

    def run_execution(arn):
        execution = stepfunctions._executions.get(arn)
        if not execution:
            return run(arn)
        role = execution["events"][0]["executionStartedEventDetails"]["roleArn"]
        token = _role.set(functools.partial(gate.role_call, role, "states.amazonaws.com", source_arn=execution["stateMachineArn"]))
        try:
            tracing.trace(may, execution["stateMachineArn"])
            return run(arn)
        finally:
            _role.reset(token)

    return run_execution


def _authorized(invoke):
    def invoke_resource(resource, request, *rest):
        if _role.get() is None:
            return invoke(resource, request, *rest)
        request = _named(resource, request)
        for action, arn, context in integrations.checks(resource, request):
            check(action, arn, context, error=functools.partial(of_integration, resource))
        token = _sdk_resource.set(resource if ":aws-sdk:" in resource else None)
        try:
            answer = invoke(resource, request, *rest)
        finally:
            _sdk_resource.reset(token)
        if integrations.is_nested_sync(resource):
            may("states:DescribeExecution", answer["ExecutionArn"])
        return answer

    return invoke_resource


def _owning(invoke):
    def invoke_with_callback(resource, request, token, *rest):
        _waiting[token] = _role.get().keywords["source_arn"]
        try:
            return invoke(resource, request, token, *rest)
        finally:
            del _waiting[token]

    return invoke_with_callback


def _named(resource, request):
    """A nested execution gets its name here, as its ARN is needed for the checks."""
    if not integrations.is_nested_sync(resource) or request.get("Name"):
        return request
    return {**request, "Name": str(uuid.uuid4())}


def _authorized_sdk_call(call_handler):
    def call(handler, method, path, headers, body, query, *rest, **options):
        resource = _sdk_resource.get()
        if resource is not None:
            service = headers["authorization"].split("/")[3]
            for action, arn, context in sdk_calls.checks(service, method, path, headers, body, query):
                check(action, arn, context, error=functools.partial(of_integration, resource))
        return call_handler(handler, method, path, headers, body, query, *rest, **options)

    return call


def _authorized_reader(read):
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html#itemreader-iam-policies"""

    def failed(denied):
        return "States.ItemReaderFailed", denied.message

    def read_items(reader, effective, ctx):
        request = stepfunctions._resolve_params_obj(reader.get("Parameters") or reader.get("Arguments") or {}, effective, ctx)
        bucket = f"arn:aws:s3:::{request.get('Bucket')}"
        if not reader.get("Resource", "").endswith("s3:listObjectsV2"):
            check("s3:GetObject", f"{bucket}/{request.get('Key')}", error=failed)
            return read(reader, effective, ctx)
        check("s3:ListBucket", bucket, {"s3:prefix": request.get("Prefix", "")}, error=failed)
        if (reader.get("ReaderConfig") or {}).get("Transformation") == "LOAD_AND_FLATTEN":
            check("s3:GetObject", f"{bucket}/{request.get('Prefix', '')}*", error=failed)
        return read(reader, effective, ctx)

    return read_items
