"""Deliveries that S3, SNS and CloudWatch make as themselves: the policy of the destination must let them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
"""

import json

from ministack.services import cloudwatch, s3, sns, sqs

from . import gate
from .hooks import logger, permitted

S3 = "s3.amazonaws.com"
SNS = "sns.amazonaws.com"
CLOUDWATCH = "cloudwatch.amazonaws.com"

_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def apply():
    # S3 and SNS ask these at each delivery, S3 also when notifications are configured.
    sqs.queue_policy_allows = _asks("sqs:SendMessage")
    sns.topic_policy_allows = _asks("sns:Publish")
    _check_functions_of_buckets()
    _check_functions_of_topics()
    _check_actions_of_alarms()


def _asks(action):
    def allows(arn, service, source_arn, source_account):
        keys = {"aws:SourceAccount": source_account, "aws:SourceOwner": source_account}
        return permitted(gate.service_call, service, action, arn, keys, source_arn=source_arn)

    return allows


def _check_functions_of_buckets():
    validate, deliver = s3._validate_notification_configs, s3._deliver_event_to_lambda

    def validate_functions(configs, region, bucket="", skip_destination_validation=False):
        refused = validate(configs, region, bucket, skip_destination_validation)
        if refused or skip_destination_validation:
            return refused
        functions = [
            config["arn"] for config in configs if config["type"] == "lambda" and not _may_invoke(config["arn"], bucket)
        ]
        return (
            functions
            and s3._invalid_notification_config(
                "Unable to validate the following destination configurations: " + ", ".join(functions)
            )
            or None
        )

    def deliver_permitted(arn, payload, region):
        if _may_invoke(arn, payload["Records"][0]["s3"]["bucket"]["name"]):
            deliver(arn, payload, region)

    s3._validate_notification_configs = validate_functions
    s3._deliver_event_to_lambda = deliver_permitted


def _may_invoke(function_arn, bucket):
    keys = {"aws:SourceAccount": s3._bucket_owner_account(bucket) or s3.get_account_id()}
    return permitted(
        gate.service_call, S3, "lambda:InvokeFunction", function_arn, keys, source_arn=f"arn:aws:s3:::{bucket}"
    )


def _check_functions_of_topics():
    deliver = sns._deliver_to_lambda

    def deliver_permitted(endpoint, envelope, topic_arn, *arguments):
        if permitted(gate.service_call, SNS, "lambda:InvokeFunction", endpoint, source_arn=topic_arn):
            deliver(endpoint, envelope, topic_arn, *arguments)

    sns._deliver_to_lambda = deliver_permitted


def _check_actions_of_alarms():
    """CloudWatch publishes as itself: the default policy of a topic allows its owner, another must name it."""
    dispatch = cloudwatch._dispatch_alarm_actions

    def dispatch_permitted(alarm, old_state, new_state, reason):
        field = _ACTIONS.get(new_state)
        if alarm.get("ActionsEnabled", True) and alarm.get(field):
            alarm = {**alarm, field: [action for action in alarm[field] if _may_publish(alarm, action)]}
        dispatch(alarm, old_state, new_state, reason)

    cloudwatch._dispatch_alarm_actions = dispatch_permitted


def _may_publish(alarm, action):
    if not cloudwatch._is_sns_action_arn(action):
        return True
    arn = alarm["AlarmArn"]
    try:
        gate.service_call(CLOUDWATCH, "sns:Publish", action, {"aws:SourceOwner": arn.split(":")[4]}, source_arn=arn)
    except gate.Denied as denied:
        logger.info("denied: %s (%s)", denied.message, denied.hint)
        _record_failure(alarm, action)
        return False
    return True


def _record_failure(alarm, topic):
    """https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger quotes the words."""
    error = f"Resource: {alarm['AlarmArn']} is not authorized to perform: SNS:Publish on resource: {topic}"
    cloudwatch._history_entries().append(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmType": "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm",
            "Timestamp": cloudwatch._ts_iso(cloudwatch.time.time()),
            "HistoryItemType": "Action",
            "HistorySummary": f'Failed to execute action {topic}. Received error: "{error}"',
            "HistoryData": json.dumps({"actionState": "Failed", "notificationResource": topic, "error": error}),
        }
    )
