"""AWS/Lambda metrics of every invocation, also of those by event sources and targets of rules.

A throttled invocation is no invocation.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import time

from ministack.core.arn import parse_arn
from ministack.services import lambda_svc

from . import store


def apply():
    run, execute = lambda_svc._execute_function_dispatch, lambda_svc._execute_function

    def run_and_count(func, config, event, request_id, started):
        result = None
        try:
            result = run(func, config, event, request_id, started)
            return result
        finally:
            _count(config, Invocations=1, Errors=int(result is None or bool(result.get("error"))), Throttles=0)
            _put(config, "Duration", (time.time() - started) * 1000, unit="Milliseconds")

    def count_throttles(func, event):
        result = execute(func, event)
        config = func.get("config") or func
        # In another scope it calls itself in the right one
        if result.get("throttle") and not lambda_svc._function_config_scope_mismatch(config):
            _count(config, Throttles=1)
        return result

    lambda_svc._execute_function_dispatch, lambda_svc._execute_function = run_and_count, count_throttles
    # The emulator counts the calls of its API only
    lambda_svc._emit_lambda_metrics = lambda *args, **kwargs: None


def _count(config, **metrics):
    for name, value in metrics.items():
        _put(config, name, value)


def _put(config, name, value, **options):
    function = parse_arn(config["FunctionArn"])
    store.put("AWS/Lambda", name, {"FunctionName": config["FunctionName"]}, value,
              account=function.account_id, region=function.region, **options)
