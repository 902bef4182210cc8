"""The streams of the engine's tables, read into those of the emulator whenever somebody reads these."""

import threading

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import dynamodb

_API = "DynamoDBStreams_20120810"

_lock = threading.RLock()
_iterators = {}
"""By account, region and table: the next iterator of each shard; None when the shard is closed and read."""


def apply(engine, table_in):
    live = dynamodb._live_stream_records

    def live_records(table_name, account_id=None, region=None):
        account_id, region = account_id or get_account_id(), region or get_region()
        with request_scope(account_id, region), _lock:
            _read(engine, table_in, table_name)
        return live(table_name, account_id, region)

    dynamodb._live_stream_records = live_records


def forget(place):
    with _lock:
        _iterators.pop(place, None)


def _read(engine, table_in, name):
    table = dynamodb._tables.get(name)
    if not table or not (table.get("StreamSpecification") or {}).get("StreamEnabled"):
        return
    table_in(engine, name)
    iterators = _iterators.setdefault((get_account_id(), get_region(), name), {})
    if not any(iterators.values()):
        _find_shards(engine, name, iterators)
    records = dynamodb._stream_records.setdefault(name, [])
    for shard, iterator in iterators.items():
        while iterator:
            answer = engine.ask("GetRecords", {"ShardIterator": iterator}, _API)
            records += [_ours(record, table) for record in answer["Records"]]
            iterator = answer.get("NextShardIterator")
            iterators[shard] = iterator
            if not answer["Records"]:
                break


def _find_shards(engine, name, iterators):
    arn = engine.ask("DescribeTable", {"TableName": name})["Table"]["LatestStreamArn"]
    for shard in engine.ask("DescribeStream", {"StreamArn": arn}, _API)["StreamDescription"]["Shards"]:
        if shard["ShardId"] not in iterators:
            request = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterators[shard["ShardId"]] = engine.ask("GetShardIterator", request, _API)["ShardIterator"]


def _ours(record, table):
    return {**record, "eventSource": "aws:dynamodb", "awsRegion": get_region(), "eventSourceARN": table["LatestStreamArn"]}
