"""Commands of the parent to the running emulator."""

from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope


def _refuse_placements(command):
    from patches import ecs_placement

    ecs_placement.refuse(int(command["count"]))


def _disturb_deliveries(command):
    import deliveries

    deliveries.disturb(float(command["repeat"]), float(command["delaySeconds"]))


def _interrupt_spot(command):
    from patches import ecs_stop
    from ministack.services import ecs

    spec = parse_arn(command["task"])
    with request_scope(spec.account_id, spec.region):
        task = ecs._resolve_task(command["task"], ecs._cluster_name_from_arn(command["cluster"]))
        if not task or not ecs_stop.begin(task, "Your Spot Task was interrupted.", "SpotInterruption"):
            raise LookupError(f"{command['task']} is not running")


def _put_event(command):
    import service_events

    service_events.put(*(command[name] for name in ("account", "region", "source", "detailType", "resources", "detail")))


def _answer_request(command):
    import parent_apis

    parent_apis.answer(command)


def _fail_next(command):
    import failures

    failures.fail_next(*(command[name] for name in ("action", "resource", "error", "status", "message", "count", "afterEffect")), command.get("outage"))


def _end_outage(command):
    import failures

    failures.end(command["outage"])


def _used_statements(_command):
    from authorization import usage

    return usage.statements()


def _authorized_calls(_command):
    from authorization import usage

    return usage.calls()


def _judge_calls(command):
    from authorization import gate

    return [gate.again(**call) for call in command["calls"]]


def _check_template(command):
    from authorization import templates as policies
    from limits import templates as limits

    template, parameters, stack, account, region = (command[name] for name in ("template", "parameters", "stack", "account", "region"))
    with request_scope(account, region):
        findings = policies.check(template, parameters)
    return {"errors": limits.refusals(template, parameters, stack, account, region) + findings["errors"], "notes": findings["notes"]}


def _advance_clock(command):
    import clock

    clock.advance(command["seconds"])


def _report_metrics(command):
    import metrics

    return metrics.report(command)


def _delay_policies(command):
    from authorization import delay

    delay.by(float(command["seconds"]))


_COMMANDS = {
    "advanceClock": _advance_clock, "reportMetrics": _report_metrics,
    "answerRequest": _answer_request, "putEvent": _put_event, "refusePlacements": _refuse_placements, "interruptSpot": _interrupt_spot,
    "disturbDeliveries": _disturb_deliveries, "usedStatements": _used_statements, "authorizedCalls": _authorized_calls, "judgeCalls": _judge_calls, "failNext": _fail_next, "endOutage": _end_outage,
    "checkTemplate": _check_template, "delayPolicies": _delay_policies,
}


def run(command):
    """Runs a command and returns its result, None for most."""
    return _COMMANDS[command["op"]](command)
