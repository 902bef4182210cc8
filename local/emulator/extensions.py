"""Extensions of the emulator: reports of task changes and of API calls, credentials for a function's role, and disturbed deliveries."""

import copy
import hashlib
import json
import logging
import os
import queue
import threading
import time
from urllib.parse import parse_qs

import deliveries
import parent_apis
import reports

logger = logging.getLogger("fileworks.extensions")

BODY_BYTES = 65_536
"""The part of a request body that the recorder reads for the action and the resource."""


def apply_all():
    report_tasks()
    assume_function_roles()
    deliveries.apply()
    threading.Thread(target=_classify, daemon=True, name="call-recorder").start()


# ── Task changes ────────────────────────────────────────────


def report_tasks():
    from patches import ecs_stop
    from ministack.services import ecs

    def report(task):
        reports.send("task", {"task": ecs._sanitize(copy.deepcopy(task))})

    def after(function):
        def reporting(task_arn, task, *args, **kwargs):
            moved = function(task_arn, task, *args, **kwargs)
            if moved:
                report(task)
            return moved

        return reporting

    ecs_stop.changed = report
    for name in ("_mark_task_pending", "_mark_task_running", "_mark_task_stopped"):
        setattr(ecs, name, after(getattr(ecs, name)))


# ── Roles of functions ──────────────────────────────────────


def assume_function_roles():
    """Give functions a session of their role: with the account's keys, their calls could not be attributed."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc, sts

    original = lambda_runtime.execution_credentials

    def credentials(config):
        role, function = config.get("Role", ""), config.get("FunctionName", "function")
        account = config.get("FunctionArn", "").split(":")[4:5]
        if not role or not account:
            return original(config)
        digest = hashlib.sha256(f"{config['FunctionArn']}:{role}".encode()).hexdigest()
        key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest
        name = role.rsplit("/", 1)[-1]
        sts.register_session(key, {
            "Arn": f"arn:aws:sts::{account[0]}:assumed-role/{name}/{function[:64]}",
            "UserId": f"{name}:{function[:64]}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        })
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    # Both modules hold a reference to the function.
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = credentials


# ── API calls ───────────────────────────────────────────────

_answered = queue.SimpleQueue()


def wrap(app):
    """The ASGI app; every signed call is queued for the recorder, and is not delayed by it."""

    async def recording(scope, receive, send):
        if scope["type"] != "http" or not _signed(scope):
            return await app(scope, receive, send)
        body, status = bytearray(), 0

        async def tee_receive():
            message = await receive()
            if message["type"] == "http.request" and len(body) < BODY_BYTES:
                body.extend(message.get("body", b"")[: BODY_BYTES - len(body)])
            return message

        async def tee_send(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, tee_receive, tee_send)
        finally:
            _answered.put((round(time.time() * 1000), scope, bytes(body), status))

    return recording


def _signed(scope):
    return any(name == b"authorization" for name, _value in scope["headers"]) or b"X-Amz-Credential" in scope["query_string"]


# The permission for a batch is the action of a single call.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
_BATCHES = {f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}


def _classify():
    while True:
        try:
            for call in _calls(*_answered.get()):
                reports.send("call", {"call": call})
        except Exception:
            logger.exception("a call was not recorded")


def _calls(at, scope, body, status):
    call = _call(at, scope, body, status)
    return _writes(call, body) if call["action"] == "dynamodb:TransactWriteItems" else [call]


# The permissions for a transaction are the actions of its items.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def _writes(call, body):
    account = os.environ["MINISTACK_ACCOUNT_ID"] if "role" not in call else call["role"].split(":")[4]
    prefix = f"arn:aws:dynamodb:{call['region']}:{account}:table/"
    writes = [write for item in json.loads(body)["TransactItems"] for write in item.items()]
    return [{**call, "action": f"dynamodb:{_WRITES[kind]}", "resource": prefix + write["TableName"].rsplit("/", 1)[-1]} for kind, write in writes]


def _call(at, scope, body, status):
    from ministack.app import _routing_params
    from ministack.core import iam_actions, router

    import callers

    headers = parent_apis.headers_of(scope)
    query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    method, path = scope["method"], scope["path"]
    params = _routing_params(method, path, headers, body, query)
    service = router.detect_service(method, path, headers, params)
    account, region, caller = callers.of(headers, query)
    action = iam_actions.extract_iam_action(service, method, path, headers, body, params)
    resource = iam_actions.extract_resource_arn(service, method, path, headers, body, params, region, account)
    action = _BATCHES.get(action, action)
    answered = parent_apis.action_of(headers)
    if answered:
        service, action = answered[0], ":".join(answered)
    call = {"time": at, "service": service, "action": action or service, "resource": resource or "*", "region": region, "status": status}
    if service == "ecs":
        call.update(_ecs_call(call, body, region, account))
    elif service == "application-autoscaling":
        call.update(_scaling_call(body, region, account))
    elif call["action"] in ("s3:ListBucket", "s3:ListBucketVersions"):
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
        call["context"] = {"s3:prefix": query.get("prefix", [""])[0]}
    if ":assumed-role/" in caller:
        _, role, name = caller.rsplit(":", 1)[-1].split("/", 2)
        call.update(role=f"arn:aws:iam::{account}:role/{role}", session=name)
    return call


# IAM evaluates these on the task; the emulator names the cluster for every call of ECS.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
_OF_TASKS = {f"ecs:{name}" for name in ("DescribeTasks", "GetTaskProtection", "StopTask", "UpdateTaskProtection")}


def _ecs_call(call, body, region, account):
    """The resource and the condition keys of a call to ECS."""
    request = json.loads(body or b"{}")
    prefix = f"arn:aws:ecs:{region}:{account}:"
    cluster = request.get("cluster", "default")
    cluster_arn = cluster if cluster.startswith("arn:") else f"{prefix}cluster/{cluster}"
    resource = call["resource"]
    if call["action"] == "ecs:RunTask":
        resource = request["taskDefinition"]
        resource = resource if resource.startswith("arn:") else f"{prefix}task-definition/{resource}"
    elif call["action"] in _OF_TASKS:
        resource = request.get("task") or (request.get("tasks") or ["*"])[0]
        resource = resource if resource.startswith("arn:") else f"{prefix}task/{cluster_arn.rsplit('/', 1)[-1]}/{resource}"
    elif call["action"] == "ecs:ListTasks":
        resource = "*"
    return {"resource": resource, "context": {"ecs:cluster": cluster_arn}}


def _scaling_call(body, region, account):
    """The resource and the condition keys of a call to Application Auto Scaling. The id in its ARN is internal to AWS.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
    """
    request = json.loads(body or b"{}")
    keys = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
    context = {f"application-autoscaling:{key}": request[name] for key, name in keys.items() if name in request}
    return {"resource": f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/{request.get('ResourceId', '*')}", "context": context}
