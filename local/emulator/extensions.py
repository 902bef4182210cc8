"""Extensions of the emulator: reports of task changes and of API calls, credentials for a function's role, and disturbed deliveries."""

import copy
import hmac
import secrets

import batching_windows
import builds
import deliveries
import fair_queues
import metrics
import other_stacks
import reports
import service_events
from authorization import (
    delay,
    destinations,
    direct,
    ecs_agent,
    event_sources,
    functions,
    gate,
    log_deliveries,
    notifications,
    step_functions,
    task_roles,
    web_identity,
)
from engines import dynamodb as dynamodb_engine
from targets import delivery

# What Lambda, S3, SNS, CloudWatch, ECS, CloudWatch Logs, Step Functions and STS do for the app.
SERVICE_CALLS = (destinations, ecs_agent, event_sources, functions, log_deliveries, notifications, step_functions, task_roles, web_identity)


def apply_all():
    report_tasks()
    service_events.apply()
    assume_function_roles()
    builds.apply()
    delivery.apply()
    deliveries.apply()
    for checks in (delay, direct, *SERVICE_CALLS):
        checks.apply()
    batching_windows.apply()
    fair_queues.apply()
    metrics.apply()
    other_stacks.apply()
    dynamodb_engine.apply()


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
    for name in ("_mark_task_pending", "_mark_task_activating", "_mark_task_running"):
        setattr(ecs, name, after(getattr(ecs, name)))


# ── Roles of functions ──────────────────────────────────────


def assume_function_roles():
    """Give functions a session of their role: with the account's keys, their calls could not be attributed."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc, sts

    # Keys that follow from the names of function and role could be guessed.
    secret_of_start = secrets.token_bytes(32)

    def credentials(config):
        role, function = config.get("Role", ""), config.get("FunctionName", "function")
        if not role:
            # AWS has no function without a role; here it would inherit the keys of the account.
            return dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "")
        account = config["FunctionArn"].split(":")[4]
        gate.assume(role, "lambda.amazonaws.com", source_arn=config["FunctionArn"])
        digest = hmac.new(secret_of_start, f"{config['FunctionArn']}:{role}".encode(), "sha512").hexdigest()
        key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest[56:]
        name = role.rsplit("/", 1)[-1]
        sts.register_session(key, {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{function[:64]}",
            "UserId": f"{name}:{function[:64]}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        })
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    # Both modules hold a reference to the function.
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = credentials


# ── API calls ───────────────────────────────────────────────


def wrap(app):
    """The ASGI app; every authorization check of a request is reported with the status of its answer."""

    async def recording(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)
        checks, status = [], 0
        direct.checks.set(checks)

        async def tee_send(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, tee_send)
        finally:
            for check in checks:
                reports.send("call", {"call": direct.record(*check, status)})

    return recording
