"""CloudFormation refuses alarms on metric math. The patch stores them; fileworks-local evaluates them, like all alarms on queues.

Upstream refuses them since https://github.com/ministackorg/ministack/pull/265, which added alarms; ministack 1.5.33.
"""

from ministack.services.cloudformation import provisioners

_RULE = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0, "EvaluationPeriods": 1}


def needed():
    try:
        provisioners._cw_metric_alarm_record("probe", {**_RULE, "Metrics": [{"Id": "m", "Expression": "1"}]})
    except ValueError:
        return True
    return False


def apply():
    original = provisioners._cw_metric_alarm_record

    def record(name, props):
        if not props.get("Metrics"):
            return original(name, props)
        alarm = original(name, {**props, "Metrics": None, "MetricName": "-", "Namespace": "-"})
        for member in ("MetricName", "Namespace", "Statistic", "Period"):
            alarm.pop(member, None)
        return {**alarm, "Metrics": props["Metrics"]}

    provisioners._cw_metric_alarm_record = record
