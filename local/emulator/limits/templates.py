"""Checks of templates: before anything is created, and of each resource with its resolved properties."""

import json

from ministack.core.responses import request_scope
from ministack.services import s3
from ministack.services.cloudformation import engine, provisioners

from . import buses, filters, functions, policies, properties, queues, schedules, tasks
from .definitions import check_definition
from .references import Resolver, Unknown
from .refusal import Refused


def apply():
    """Check a resource again when it is created or updated: then all of its properties are resolved."""
    for kind, check in _CHECKS.items():
        handler = provisioners._RESOURCE_HANDLERS.get(kind, {})
        for operation, position in (("create", 1), ("update", 2)):
            if operation in handler:
                handler[operation] = _before(handler[operation], check, position)
    bucket = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    bucket["delete"] = _before(bucket["delete"], _check_empty, 0)


def _before(provision, check, position):
    def checked(*args, **kwargs):
        refusal = _refusal(check, args[position])
        if refusal:
            raise ValueError(refusal)
        return provision(*args, **kwargs)

    return checked


def refusals(template, parameters, stack_name, account, region):
    """What AWS would refuse of a template, one sentence for each resource. A value that is known only at the deployment counts as one character."""
    with request_scope(account, region):
        try:
            engine._topological_sort(template["Resources"], {})
        except ValueError as error:
            return [f"{str(error).replace('Circular dependency detected among resources: ', 'Circular dependency between resources: [')}] (ValidationError)"]
        resolver = Resolver(template, parameters, stack_name)
        resources = {name: (resource["Type"], resolver.value(resource.get("Properties") or {}), resource) for name, resource in template["Resources"].items() if resolver.holds(resource.get("Condition"))}
    checks = [("the template", check, resources) for check in (_check_wildcard_rules, _check_role_policies)]
    for name, (kind, resolved, resource) in resources.items():
        what, raw = f"{name} ({kind})", resource.get("Properties") or {}
        checks.append((what, properties.check, kind, raw))
        if kind in _CHECKS:
            checks.append((what, _CHECKS[kind], resolved))
        if kind == "AWS::Lambda::EventSourceMapping":
            checks.append((what, _check_mapping, raw, resolved, resources))
    found = [(what, _refusal(*check)) for what, *check in checks]
    return [f"{what}: {refusal}" for what, refusal in found if refusal]


def _refusal(check, *args):
    try:
        check(*args)
    except Refused as refused:
        return f"{refused.message} ({refused.code})"
    except (AttributeError, KeyError, TypeError, ValueError):
        pass  # Values of another form than AWS documents: the deployment refuses them.
    return None


# ── One resource ────────────────────────────────────────────


def _check_queue(props):
    names = ("DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout")
    for name in names:
        low, high = queues.ATTRIBUTE_RANGES[name]
        if name in props and _is_known(props[name]) and not low <= int(props[name]) <= high:
            raise Refused("InvalidAttributeValue", f"Invalid value for the parameter {name}: it must be between {low} and {high}, got: {props[name]}")
    queues.check_queue({"RedrivePolicy": props.get("RedrivePolicy")}, _is_fifo(props))


def _is_fifo(props):
    return str(props.get("FifoQueue", "")).lower() == "true"


def _check_queue_policy(props):
    policies.check_queue_policy(props.get("PolicyDocument") or {})


def _check_rule(props):
    pattern = props.get("EventPattern") or ""
    buses.check_pattern(pattern if isinstance(pattern, str) else json.dumps(pattern, separators=(",", ":"), ensure_ascii=False))
    buses.check_target_count(len(props.get("Targets") or ()))
    if _is_known(props.get("ScheduleExpression")):
        schedules.check_rule_schedule(props.get("ScheduleExpression"))


def _check_machine(props):
    text = props.get("DefinitionString") or props.get("Definition")
    if isinstance(text, str):
        for name, value in (props.get("DefinitionSubstitutions") or {}).items():
            text = text.replace("${" + name + "}", str(value))
    if text and _is_known(text) or str(text).lstrip().startswith("{"):
        check_definition(text)


def _check_role(props):
    policies.check_trust_policy(props.get("AssumeRolePolicyDocument") or {})
    policies.check_role_policies(props.get("RoleName", ""), [policy.get("PolicyDocument") or {} for policy in props.get("Policies") or ()])


def _check_task_definition(props):
    if "FARGATE" in (props.get("RequiresCompatibilities") or ()) and _is_known(props.get("Cpu"), props.get("Memory"), props.get("NetworkMode")):
        tasks.check_fargate(props.get("Cpu"), props.get("Memory"), props.get("NetworkMode"))


def _check_empty(bucket):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html"""
    if (s3._buckets.get(bucket) or {}).get("objects") or s3._bucket_has_versions(bucket):
        raise Refused("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)


def _check_schedule(props):
    if _is_known(props.get("ScheduleExpression")):
        schedules.check_schedule(props.get("ScheduleExpression"))


def _check_filter(props):
    filters.check_pattern(props.get("FilterPattern"))


def _is_known(*values):
    return not any(isinstance(value, Unknown) for value in values)


_CHECKS = {
    "AWS::ECS::TaskDefinition": _check_task_definition,
    "AWS::Events::Rule": _check_rule,
    "AWS::IAM::ManagedPolicy": lambda props: policies.check_managed_policy(props.get("PolicyDocument") or {}),
    "AWS::IAM::Role": _check_role,
    "AWS::Lambda::Function": functions.check_environment,
    "AWS::Logs::MetricFilter": _check_filter,
    "AWS::Logs::SubscriptionFilter": _check_filter,
    "AWS::SQS::Queue": _check_queue,
    "AWS::SQS::QueueInlinePolicy": _check_queue_policy,
    "AWS::SQS::QueuePolicy": _check_queue_policy,
    "AWS::Scheduler::Schedule": _check_schedule,
    "AWS::StepFunctions::StateMachine": _check_machine,
}


# ── Resources together ──────────────────────────────────────


def _check_wildcard_rules(resources):
    patterns = {}
    for kind, props, _resource in resources.values():
        if kind == "AWS::Events::Rule":
            patterns.setdefault(str(props.get("EventBusName")), []).append(props.get("EventPattern") or "")
    for of_bus in patterns.values():
        buses.check_wildcard_rules(of_bus)


def _check_role_policies(resources):
    documents = {
        name: [policy.get("PolicyDocument") or {} for policy in props.get("Policies") or ()] for name, (kind, props, _resource) in resources.items() if kind == "AWS::IAM::Role"
    }
    for kind, props, resource in resources.values():
        if kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
            raw = resource.get("Properties") or {}
            for role in raw.get("Roles") or [raw.get("RoleName")]:
                documents.get(_named(role), []).append(props.get("PolicyDocument") or {})
    for name, of_role in documents.items():
        policies.check_role_policies(name, of_role)


def _check_mapping(raw, props, resources):
    queue, function = (resources.get(_named(raw.get(name)), (None, {}))[:2] for name in ("EventSourceArn", "FunctionName"))
    if queue[0] != "AWS::SQS::Queue" or function[0] != "AWS::Lambda::Function":
        return
    visibility = queue[1].get("VisibilityTimeout", functions.DEFAULT_VISIBILITY_SECONDS)
    timeout = function[1].get("Timeout", functions.DEFAULT_TIMEOUT_SECONDS)
    if _is_known(visibility, timeout):
        functions.check_mapping(props, _is_fifo(queue[1]), int(visibility), int(timeout))


def _named(value):
    """The logical id that a Ref or a GetAtt names."""
    if not isinstance(value, dict):
        return None
    name = value.get("Ref") or value.get("Fn::GetAtt")
    name = name[0] if isinstance(name, list) else name
    return name.split(".")[0] if isinstance(name, str) else None
