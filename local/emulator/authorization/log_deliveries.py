"""Subscriptions to log groups, and keys of log groups: checked where they are configured.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""

import json

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudwatch_logs, lambda_svc

from . import gate, kms
from .hooks import Refused, before_resource


def apply():
    _check_subscriptions()
    _check_keys()


def _check_subscriptions():
    put = cloudwatch_logs._put_subscription_filter

    def put_checked(data):
        refused = _refusal(
            "InvalidParameterException",
            _check_subscription,
            data.get("logGroupName", ""),
            data.get("destinationArn", ""),
        )
        return refused or put(data)

    # The provisioner of CloudFormation calls it too.
    cloudwatch_logs._put_subscription_filter = put_checked


def _check_subscription(group, destination):
    if destination.split(":")[2:3] != ["lambda"]:
        return
    # A function policy may name the service in the region, or in all.
    regional, (policy, _owner) = f"logs.{get_region()}.amazonaws.com", _policy_of(destination)
    service = regional if regional in json.dumps(policy) else "logs.amazonaws.com"
    source = f"{cloudwatch_logs._make_group_arn_no_star(group)}:*"
    try:
        gate.service_call(service, "lambda:InvokeFunction", destination, source_arn=source)
    except gate.Denied as denied:
        # https://github.com/hashicorp/terraform/issues/18434 quotes the words.
        raise Refused(
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
            "your function.",
            denied,
        ) from denied


def _policy_of(function_arn):
    return lambda_svc.function_policy_for_arn(function_arn) or ({}, "")


def _check_keys():
    create = cloudwatch_logs._create_log_group

    def create_checked(data):
        name, key = data.get("logGroupName", ""), data.get("kmsKeyId")
        return _refusal("AccessDeniedException", _check_key, name, key) or create(data)

    cloudwatch_logs._create_log_group = create_checked
    before_resource(
        "AWS::Logs::LogGroup",
        lambda properties: _check_key(properties.get("LogGroupName", "*"), properties.get("KmsKeyId")),
    )


def _check_key(group, key):
    arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}"
    for action, key_arn, context in kms.of_log_group(key, arn):
        try:
            gate.service_call(f"logs.{get_region()}.amazonaws.com", action, key_arn, context, source_arn=arn)
        except gate.Denied as denied:
            # https://github.com/hashicorp/terraform-provider-aws/issues/29282 quotes the words.
            raise Refused(
                f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'", denied
            ) from denied


def _refusal(code, check, *arguments):
    try:
        check(*arguments)
    except Refused as refused:
        return error_response_json(code, refused.message, 400)
    return None
