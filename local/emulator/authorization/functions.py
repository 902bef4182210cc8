"""What Lambda does with the execution role of a function besides its code: network interfaces, and logs.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html#monitoring-cloudwatchlogs-prereqs
"""

import time

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudwatch_logs, lambda_svc

from . import destinations, gate
from .hooks import Refused, before_resource, permitted

LAMBDA = "lambda.amazonaws.com"


def apply():
    _check_configuration()
    _check_logs()


def check(role, function_arn, vpc_config, dead_letter_target):
    """Raises `Refused` unless Lambda can assume the role, and the role may do what the configuration asks for."""
    try:
        gate.assume(role, LAMBDA, source_arn=function_arn)
    except gate.Denied as denied:
        raise Refused("The role defined for the function cannot be assumed by Lambda.", denied) from denied
    if (vpc_config or {}).get("SubnetIds"):
        _check_network(role, function_arn, vpc_config["SubnetIds"])
    destinations.check((role, function_arn), dead_letter_target)


def _check_network(role, function_arn, subnets):
    prefix = f"arn:aws:ec2:{get_region()}:{get_account_id()}:"
    # A policy that allows a deletion must name all resources of the account, or every interface by its id.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    calls = [("CreateNetworkInterface", f"{prefix}subnet/{subnet}") for subnet in subnets]
    calls += [
        ("CreateNetworkInterface", f"{prefix}network-interface/*"),
        ("DescribeNetworkInterfaces", "*"),
        ("DeleteNetworkInterface", f"{prefix}*/*"),
    ]
    for action, resource in calls:
        try:
            gate.role_call(role, LAMBDA, f"ec2:{action}", resource, source_arn=function_arn)
        except gate.Denied as denied:
            raise Refused(
                f"The provided execution role does not have permissions to call {action} on EC2", denied
            ) from denied


def _check_configuration():
    create, update = lambda_svc._create_function, lambda_svc._update_config

    def create_checked(data):
        return _refusal(data.get("FunctionName", ""), data) or create(data)

    def update_checked(name, data):
        current = (lambda_svc._functions.get(name) or {}).get("config") or {}
        changed = {"Role", "VpcConfig", "DeadLetterConfig"} & set(data)
        return (changed and _refusal(name, {**current, **data})) or update(name, data)

    lambda_svc._create_function = create_checked
    lambda_svc._update_config = update_checked
    before_resource(
        "AWS::Lambda::Function",
        lambda properties: _check(properties.get("FunctionName", "*"), properties),
    )


def _refusal(name, data):
    try:
        _check(name, data)
    except Refused as refused:
        return error_response_json("InvalidParameterValueException", refused.message, 400)
    return None


def _check(name, data):
    if data.get("Role"):
        arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}"
        check(data["Role"], arn, data.get("VpcConfig"), (data.get("DeadLetterConfig") or {}).get("TargetArn"))


def _check_logs():
    """A function whose role may not write logs runs without them."""
    emit = lambda_svc._emit_lambda_logs

    def emit_permitted(function, request_id, *arguments, **options):
        config = function.get("config") or function
        if not config.get("Role") or _may_log(config, request_id):
            emit(function, request_id, *arguments, **options)

    lambda_svc._emit_lambda_logs = emit_permitted


def _may_log(config, request_id):
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    arn = f"arn:aws:logs:{':'.join(config['FunctionArn'].split(':')[3:5])}:log-group:{group}"
    day, version = time.strftime("%Y/%m/%d", time.gmtime()), config.get("Version", "$LATEST")
    stream = f"{arn}:log-stream:{day}/[{version}]{request_id.replace('-', '')}"
    calls = [("CreateLogStream", stream), ("PutLogEvents", stream)]
    if group not in cloudwatch_logs._log_groups:
        calls.insert(0, ("CreateLogGroup", arn))
    return all(
        permitted(gate.role_call, config["Role"], LAMBDA, f"logs:{action}", resource, source_arn=config["FunctionArn"])
        for action, resource in calls
    )
