"""A state machine with X-Ray tracing sends its traces with its role; without the permission, there are none.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
"""

import json

from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

_CALLS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets")

_traced = set()
"""ARNs of the state machines with tracing: the emulator does not store the setting."""


def apply():
    handlers = provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    create, update = handlers["create"], handlers["update"]
    create_by_api, update_by_api = stepfunctions._create_state_machine, stepfunctions._update_state_machine

    def create_resource(logical_id, properties, *rest, **options):
        arn, attributes = create(logical_id, properties, *rest, **options)
        _set(arn, properties.get("TracingConfiguration"))
        return arn, attributes

    def update_resource(physical_id, old, new, *rest, **options):
        result = update(physical_id, old, new, *rest, **options)
        _set(result[0] if isinstance(result, tuple) else physical_id, new.get("TracingConfiguration"))
        return result

    def create_machine(data):
        answer = create_by_api(data)
        if answer[0] < 400:
            _set(json.loads(answer[2])["stateMachineArn"], data.get("tracingConfiguration"))
        return answer

    def update_machine(data):
        answer = update_by_api(data)
        if answer[0] < 400 and "tracingConfiguration" in data:
            _set(data["stateMachineArn"], data["tracingConfiguration"])
        return answer

    handlers["create"], handlers["update"] = create_resource, update_resource
    stepfunctions._create_state_machine, stepfunctions._update_state_machine = create_machine, update_machine


def trace(may, machine_arn):
    """The calls for the trace of an execution, by `may(action, resource)` of its role."""
    if machine_arn in _traced:
        for action in _CALLS:
            may(action, "*")


def _set(arn, configuration):
    """A template capitalizes what the API does not."""
    enabled = any(str(value).lower() == "true" for value in (configuration or {}).values())
    (_traced.add if enabled else _traced.discard)(arn)
