"""Alarms of templates: the parent evaluates them and sets their states; their changes become events.

Alarms that a program makes by PutMetricAlarm are evaluated by the emulator, when data comes.
"""

import json
from datetime import datetime, timezone

import clock
from ministack.core.responses import new_uuid
from ministack.services import cloudwatch, eventbridge

_of_templates = set()


def apply():
    evaluate, dispatch = cloudwatch._evaluate_alarm, cloudwatch._dispatch_alarm_actions
    put = cloudwatch.cloudformation_put_metric_alarm

    def evaluate_others(alarm):
        if alarm["AlarmArn"] not in _of_templates:
            evaluate(alarm)

    def put_of_template(alarm):
        _of_templates.add(alarm["AlarmArn"])
        put(alarm)

    def dispatch_and_publish(alarm, old_state, new_state, reason):
        dispatch(alarm, old_state, new_state, reason)
        _publish(alarm, old_state, new_state, reason)

    cloudwatch._evaluate_alarm = evaluate_others
    cloudwatch.cloudformation_put_metric_alarm = put_of_template
    cloudwatch._dispatch_alarm_actions = dispatch_and_publish


def states():
    """State and reason of each alarm by its ARN."""
    alarms = [*cloudwatch._alarms._data.values(), *cloudwatch._composite_alarms._data.values()]
    return {alarm["AlarmArn"]: {"state": alarm["StateValue"], "reason": alarm["StateReason"]} for alarm in alarms}


def _publish(alarm, old_state, new_state, reason):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html"""
    now = datetime.fromtimestamp(clock.now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    detail = {
        "alarmName": alarm["AlarmName"],
        "state": {"value": new_state, "reason": reason, "timestamp": now},
        "previousState": {"value": old_state},
        "configuration": _configuration(alarm),
    }
    event = {
        "Source": "aws.cloudwatch", "DetailType": "CloudWatch Alarm State Change", "Resources": [alarm["AlarmArn"]],
        "Detail": json.dumps(detail),
    }
    eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)


def _configuration(alarm):
    description = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return {**description, "alarmRule": alarm["AlarmRule"], "actionsEnabled": alarm["ActionsEnabled"]}
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    stat = {"Metric": alarm, "Period": alarm.get("Period"), "Stat": statistic}
    queries = alarm.get("Metrics") or [{"Id": new_uuid(), "MetricStat": stat}]
    return {**description, "metrics": [_query(query) for query in queries]}


def _query(query):
    stat = query.get("MetricStat")
    common = {"id": query["Id"], "returnData": str(query.get("ReturnData", True)).lower() == "true"}
    if not stat:
        return {**common, "expression": query.get("Expression")}
    metric = stat["Metric"]
    return {**common, "metricStat": {
        "metric": {
            "namespace": metric.get("Namespace"), "name": metric.get("MetricName"),
            "dimensions": {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions") or []},
        },
        "period": int(stat.get("Period") or 60), "stat": stat.get("Stat"),
    }}
