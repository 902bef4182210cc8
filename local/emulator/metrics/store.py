"""The emulator's store of metrics on the clock, and what is new in it."""

import threading
from types import SimpleNamespace

import clock
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch

_lock = threading.Lock()
_new = []


def apply():
    cloudwatch.time = SimpleNamespace(time=clock.now)
    bucket, store_datum = cloudwatch._metric_bucket, cloudwatch._store_datum

    def store(namespace, name, dimensions, timestamp, *rest):
        store_datum(namespace, name, dimensions, clock.of_client(timestamp), *rest)

    cloudwatch._metric_bucket = lambda key: _Bucket(key, bucket(key))
    cloudwatch._store_datum = store


def put(namespace, name, dimensions, value, *, account, region, timestamp=None, unit="Count"):
    """A value of a service's own metric, by default of now."""
    with request_scope(account, region):
        cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(dimensions))).append({
            "Timestamp": clock.now() if timestamp is None else timestamp, "Value": float(value), "Unit": unit,
            "Dimensions": dimensions,
        })


def take():
    """The data since the last call, as JSON."""
    global _new
    with _lock:
        taken, _new = _new, []
    return taken


class _Bucket:
    """The points of one metric; what is appended is new."""

    def __init__(self, key, points):
        self._key, self._points = key, points

    def append(self, point):
        namespace, name, _dimensions = self._key
        count, total, low, high = cloudwatch._point_stats(point)
        self._points.append(point)
        with _lock:
            _new.append({
                "account": get_account_id(), "region": get_region(), "namespace": namespace, "name": name,
                "dimensions": point["Dimensions"], "minute": int(point["Timestamp"] // 60),
                "count": count, "sum": total, "min": low, "max": high,
            })
