"""What EventBridge and EventBridge Scheduler count of their calls.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
"""

from ministack.core.arn import parse_arn

from metrics import store

from . import permissions

# Of the same event, the metrics of a rule and those of a schedule.
_METRICS = {
    "matched": (["MatchedEvents", "TriggeredRules"], []),
    "attempt": (["InvocationAttempts"], ["InvocationAttemptCount"]),
    "error": ([], ["TargetErrorCount"]),
    "delivered": (["Invocations"], []),
    "failed": (["Invocations", "FailedInvocations"], ["InvocationDroppedCount"]),
    "dead letter": (["InvocationsSentToDlq"], ["InvocationsSentToDeadLetterCount"]),
    "lost": (["InvocationsFailedToBeSentToDlq"], ["InvocationsFailedToBeSentToDeadLetterCount"]),
}


def count(what, rule):
    spec = parse_arn(rule["Arn"])
    schedule = permissions.is_schedule(rule)
    namespace, dimensions = "AWS/Scheduler" if schedule else "AWS/Events", _dimensions(spec.resource, schedule)
    for name in _METRICS[what][schedule]:
        store.put(namespace, name, dimensions, 1, account=spec.account_id, region=spec.region)


def _dimensions(resource, schedule):
    """`schedule/<group>/<name>`, `rule/<name>` on the default bus, or `rule/<bus>/<name>`."""
    _kind, *names = resource.split("/")
    if schedule:
        return {"ScheduleGroup": names[0]}
    return {"RuleName": names[-1], **({"EventBusName": names[0]} if len(names) > 1 else {})}
