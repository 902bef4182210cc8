"""What Step Functions checks of a role when a state machine is created or updated.

For `.sync` it creates an EventBridge rule with the role, and for logs a log delivery.
https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html#connect-iam-sync-async
https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
"""

import re
from functools import partial

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from . import gate
from .hooks import Refused

_TYPE = "AWS::StepFunctions::StateMachine"
_SYNC = re.compile(r'"arn:[^":]+:states:::([a-z]+:[A-Za-z]+)\.sync(?::2)?"')

_RULES = {
    "ecs:runTask": "StepFunctionsGetEventsForECSTaskRule",
    "states:startExecution": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
    "batch:submitJob": "StepFunctionsGetEventsForBatchJobsRule",
    "codebuild:startBuild": "StepFunctionsGetEventForCodeBuildStartBuildRule",
    "codebuild:startBuildBatch": "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
}
_RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
_LOG_ACTIONS = (
    "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
    "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
)


def apply():
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handlers["create"], stepfunctions._update_state_machine
    create_by_api = stepfunctions._create_state_machine

    def create_resource(logical_id, props, stack_name):
        name = props.get("StateMachineName") or provisioners._physical_name(stack_name, logical_id, max_len=80)
        logging = props.get("LoggingConfiguration") or {}
        _check(name, props.get("RoleArn", ""), provisioners._sfn_definition(props), logging.get("Level"), logging.get("Destinations"))
        return create(logical_id, props, stack_name)

    def create_machine(data):
        logging = data.get("loggingConfiguration") or {}
        machine = data.get("name", ""), data.get("roleArn", ""), data.get("definition", "")
        return _refusal(*machine, logging.get("level"), logging.get("destinations")) or create_by_api(data)

    def update_machine(data):
        machine = stepfunctions._state_machines.get(data.get("stateMachineArn"))
        if not machine:
            return update(data)
        new = {**machine, **data}
        # A template capitalizes what the API does not.
        logging = {name[0].lower() + name[1:]: value for name, value in (new.get("loggingConfiguration") or {}).items()}
        return _refusal(machine["name"], new["roleArn"], new["definition"], logging.get("level"), logging.get("destinations")) or update(data)

    handlers["create"] = create_resource
    stepfunctions._create_state_machine, stepfunctions._update_state_machine = create_machine, update_machine


def _refusal(*machine):
    try:
        _check(*machine)
    except Refused as refused:
        return error_response_json("AccessDeniedException", refused.message, 400)
    return None


def _check(name, role, definition, log_level, log_destinations):
    """Raises `Refused` with the message of AWS when the role lacks a permission."""
    region, account = get_region(), get_account_id()
    service, source = "states.amazonaws.com", f"arn:aws:states:{region}:{account}:stateMachine:{name}"
    call = partial(gate.role_call, role, service, source_arn=source)
    rules = sorted({_RULES[integration] for integration in _SYNC.findall(definition) if integration in _RULES})
    logs = log_destinations and (log_level or "OFF") != "OFF"
    message = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role."
    try:
        gate.assume(role, service, source_arn=source)
        message = f"'{role}' is not authorized to create managed-rule."
        for rule in rules:
            for action in _RULE_ACTIONS:
                call(action, f"arn:aws:events:{region}:{account}:rule/{rule}", {"events:ManagedBy": service})
        message = "The state machine IAM Role is not authorized to access the Log Destination"
        for action in _LOG_ACTIONS if logs else ():
            call(action, "*")
    except gate.Denied as denied:
        raise Refused(message, denied) from denied
