"""Metrics in log lines of containers and functions, in the embedded metric format; a line that breaks it has none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json

from ministack.services import cloudwatch, cloudwatch_logs


def apply():
    append = cloudwatch_logs._append_log_events

    def append_and_extract(stream, events):
        append(stream, events)
        for event in events:
            _extract(event["message"])

    cloudwatch_logs._append_log_events = append_and_extract


def _extract(line):
    if '"_aws"' not in line:
        return
    try:
        fields = json.loads(line[line.index("{"):])
        data = [*_data(fields)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return
    for namespace, name, dimensions, timestamp, unit, values in data:
        cloudwatch._store_datum(namespace, name, dimensions, timestamp, unit, None, values, None, None)


def _data(fields):
    timestamp = float(fields["_aws"]["Timestamp"]) / 1000
    for directive in fields["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"] or [[]]:
            dimensions = {name: str(fields[name]) for name in names}
            for metric in directive["Metrics"]:
                value = fields[metric["Name"]]
                values = [float(item) for item in (value if isinstance(value, list) else [value])]
                yield directive["Namespace"], metric["Name"], dimensions, timestamp, metric.get("Unit", "None"), values
