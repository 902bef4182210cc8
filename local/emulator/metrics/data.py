"""GetMetricData with expressions, which the parent evaluates, and time windows of clients that know only real time."""

from collections import defaultdict
from xml.sax.saxutils import escape

import clock
import parent_apis
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch


def apply():
    statistics = cloudwatch._get_metric_statistics

    def get_statistics(params, typed, is_cbor, is_json=False):
        request = typed if is_cbor or is_json else _unflatten(params)
        start, end = _window(request)
        params = {**params, "StartTime": [str(start)], "EndTime": [str(end)]}
        return statistics(params, {**typed, "StartTime": start, "EndTime": end}, is_cbor, is_json)

    cloudwatch._get_metric_statistics = get_statistics
    cloudwatch._get_metric_data = _get_metric_data


def _get_metric_data(params, typed, is_cbor, is_json=False):
    request = typed if is_cbor or is_json else _unflatten(params)
    queries, (start, end) = request.get("MetricDataQueries", []), _window(request)
    series = {query["Id"]: _series(query["MetricStat"], start, end) for query in queries if query.get("MetricStat")}
    expressions = [{"id": query["Id"], "expression": query["Expression"]} for query in queries if "Expression" in query]
    if expressions:
        question = {"series": series, "expressions": expressions}
        status, body = parent_apis.ask("monitoring", "EvaluateExpressions", question, get_account_id(), get_region())
        if status >= 400:
            return cloudwatch._error("ValidationError", body["message"], status, use_json=is_json, use_cbor=is_cbor)
        series |= body["series"]
    newest_first = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    returned = [query for query in queries if str(query.get("ReturnData", True)).lower() == "true"]
    results = [_result(query, series[query["Id"]], newest_first) for query in returned]
    if is_cbor:
        return cloudwatch._cbor_ok({"MetricDataResults": list(map(cloudwatch._cbor_metric_data_result, results))})
    if is_json:
        return cloudwatch._json_ok({"MetricDataResults": results})
    return cloudwatch._xml(200, "GetMetricDataResponse", _xml({"GetMetricDataResult": {"MetricDataResults": results}}))


def _window(request):
    """A client that knows the time of this machine gets a window of the same length on the clock."""
    start, end = (cloudwatch._parse_ts(request.get(name)) for name in ("StartTime", "EndTime"))
    if end is None:
        end = clock.now()
    ahead = clock.of_client(end) - end
    return (0 if start is None else start + ahead), end + ahead


def _series(stat, start, end):
    """[[timestamp, value], …] of the periods that have data, oldest first."""
    metric, period = stat["Metric"], int(stat.get("Period") or 60)
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    key = metric.get("Namespace"), metric.get("MetricName"), cloudwatch._dims_key(dimensions)
    periods = defaultdict(list)
    for point in list(cloudwatch._metrics.get(key) or []):
        timestamp = point["Timestamp"] // period * period
        if start // period * period <= timestamp < end:
            periods[timestamp].append(point)
    values = {
        timestamp: cloudwatch._stat_value(cloudwatch._calc_stats(points), stat.get("Stat"), points)
        for timestamp, points in sorted(periods.items())
    }
    return [[timestamp, value] for timestamp, value in values.items() if value is not None]


def _result(query, series, newest_first):
    points = series[::-1] if newest_first else series
    return {
        "Id": query["Id"], "Label": query.get("Label") or query["Id"], "StatusCode": "Complete",
        "Timestamps": [cloudwatch._ts_iso(timestamp) for timestamp, _ in points],
        "Values": [value for _, value in points],
    }


def _unflatten(params):
    """The members of a request in the query protocol, such as `MetricDataQueries.member.1.Id`."""
    root = {}
    for path, values in params.items():
        *parents, last = path.replace(".member.", ".").split(".")
        node = root
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = values[0] if isinstance(values, list) else values
    return _lists(root)


def _lists(node):
    if not isinstance(node, dict):
        return node
    if node and all(name.isdigit() for name in node):
        return [_lists(node[name]) for name in sorted(node, key=int)]
    return {name: _lists(value) for name, value in node.items()}


def _xml(value):
    if isinstance(value, list):
        return "".join(f"<member>{_xml(item)}</member>" for item in value)
    if isinstance(value, dict):
        return "".join(f"<{name}>{_xml(item)}</{name}>" for name, item in value.items())
    return escape(str(value))
