"""Items, transactions and streams by another engine of DynamoDB, such as DynamoDB Local.

Tables, tags and policies stay those of the emulator; the engine gets a table with the same keys, indexes and stream before the first call that
needs it. Accounts and regions are apart in it by the credentials of its requests, as in DynamoDB Local.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html
"""

import http.client
import json
import os
import threading
from urllib.parse import urlsplit

from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb

from . import streams

_OPERATIONS = {
    "PutItem": "_put_item", "GetItem": "_get_item", "UpdateItem": "_update_item", "DeleteItem": "_delete_item",
    "Query": "_query", "Scan": "_scan", "BatchWriteItem": "_batch_write_item", "BatchGetItem": "_batch_get_item",
    "TransactWriteItems": "_transact_write_items", "TransactGetItems": "_transact_get_items",
    "ExecuteStatement": "_execute_statement", "BatchExecuteStatement": "_batch_execute_statement", "ExecuteTransaction": "_execute_transaction",
}
_OF_INDEX = ("IndexName", "KeySchema", "Projection")

_lock = threading.RLock()
_made = {}
"""What the engine has, by account, region and name: the id of the table, and what can change of it."""


def apply():
    address = os.environ.get("FILEWORKS_DYNAMODB_ENGINE")
    if not address:
        return
    engine = Engine(urlsplit(address).netloc)
    for operation, function in _OPERATIONS.items():
        setattr(dynamodb, function, _forwarding(engine, operation))
    streams.apply(engine, table_in)


class Engine:
    def __init__(self, host):
        self._host = host

    def call(self, operation, request, api="DynamoDB_20120810"):
        """Status, content type and body of the answer, in the account and region of the request that is being served."""
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{api}.{operation}",
            "authorization": f"AWS4-HMAC-SHA256 Credential={get_account_id()}/20260101/{get_region()}/dynamodb/aws4_request, "
                             "SignedHeaders=host, Signature=0",
        }
        connection = http.client.HTTPConnection(self._host, timeout=60)
        try:
            connection.request("POST", "/", json.dumps(request), headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("content-type"), answer.read()
        finally:
            connection.close()

    def ask(self, operation, request, api="DynamoDB_20120810"):
        """The answer to a call that must succeed."""
        status, _type, body = self.call(operation, request, api)
        if status >= 400:
            raise RuntimeError(f"the engine refuses {operation}: {body.decode()}")
        return json.loads(body)


def _forwarding(engine, operation):
    def forward(request):
        for name in [*dynamodb._tables]:
            table_in(engine, name)
        status, content_type, body = engine.call(operation, request)
        dynamodb.esm_wake.set()
        return status, {"Content-Type": content_type}, body

    return forward


def table_in(engine, name):
    """Has the engine have the table of this account and region as it is now."""
    table, place = dynamodb._tables[name], (get_account_id(), get_region(), name)
    wanted = table["TableId"], _indexes(table), _stream(table)
    with _lock:
        made = _made.get(place)
        if made == wanted:
            return
        if made and made[0] == wanted[0]:
            _update(engine, table)
        else:
            if engine.call("DeleteTable", {"TableName": name})[0] < 400:
                streams.forget(place)
            engine.ask("CreateTable", _definition(table))
        _made[place] = wanted


def _definition(table):
    local = [_only(index) for index in table.get("LocalSecondaryIndexes") or []]
    return {
        "TableName": table["TableName"], "KeySchema": table["KeySchema"], "AttributeDefinitions": table["AttributeDefinitions"],
        "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": _stream(table),
        **({"GlobalSecondaryIndexes": _indexes(table)} if _indexes(table) else {}),
        **({"LocalSecondaryIndexes": local} if local else {}),
    }


def _update(engine, table):
    name = table["TableName"]
    has = engine.ask("DescribeTable", {"TableName": name})["Table"]
    if has.get("StreamSpecification", {"StreamEnabled": False}) != _stream(table):
        engine.ask("UpdateTable", {"TableName": name, "StreamSpecification": _stream(table)})
    old = {index["IndexName"] for index in has.get("GlobalSecondaryIndexes") or []}
    new = {index["IndexName"]: index for index in _indexes(table)}
    changes = [{"Delete": {"IndexName": index}} for index in old - {*new}] + [{"Create": new[index]} for index in {*new} - old]
    for change in changes:
        attributes = table["AttributeDefinitions"]
        engine.ask("UpdateTable", {"TableName": name, "AttributeDefinitions": attributes, "GlobalSecondaryIndexUpdates": [change]})


def _indexes(table):
    return [_only(index) for index in table.get("GlobalSecondaryIndexes") or []]


def _only(index):
    return {key: index[key] for key in _OF_INDEX if key in index}


def _stream(table):
    wanted = table.get("StreamSpecification") or {}
    if not wanted.get("StreamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": wanted.get("StreamViewType", "NEW_AND_OLD_IMAGES")}
