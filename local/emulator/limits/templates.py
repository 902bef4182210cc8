"""Checks of templates: before anything is created, and of each resource with its resolved properties."""

import json

from ministack.core.responses import request_scope
from ministack.services import s3
from ministack.services.cloudformation import engine, provisioners

from . import buses, filters, functions, policies, properties, queues, schedules, tasks
from .definitions import check_definition
from .references import Resolver
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
        try:
            check(args[position])
        except Refused as refused:
            raise ValueError(f"{refused.message} ({refused.code})") from None
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
    found = [_refusal(f"{name} ({kind})", properties.check, kind, resource.get("Properties") or {}) for name, (kind, _resolved, resource) in resources.items()]
    found += [_refusal(f"{name} ({kind})", _CHECKS[kind], resolved) for name, (kind, resolved, _resource) in resources.items() if kind in _CHECKS]
    found += [_refusal("the template", check, resources) for check in (_check_wildcard_rules, _check_role_policies)]
    found += [_refusal(f"{name} ({kind})", _check_mapping, resource["Properties"], resolved, resources) for name, (kind, resolved, resource) in resources.items() if kind == "AWS::Lambda::EventSourceMapping"]
    return [sentence for sentence in found if sentence]


def _refusal(what, check, *args):
    try:
        check(*args)
    except Refused as refused:
        return f"{what}: {refused.message} ({refused.code})"
    return None


# ── One resource ────────────────────────────────────────────


def _check_queue(props):
    names = ("DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout")
    for name in names:
        low, high = queues.ATTRIBUTE_RANGES[name]
        if name in props and not low <= int(props[name]) <= high:
            raise Refused("InvalidAttributeValue", f"Invalid value for the parameter {name}: it must be between {low} and {high}, got: {props[name]}")
    is_fifo = str(props.get("FifoQueue", "")).lower() == "true"
    queues.check_queue({"RedrivePolicy": props.get("RedrivePolicy")}, is_fifo)


def _check_rule(props):
    pattern = props.get("EventPattern") or ""
    buses.check_pattern(pattern if isinstance(pattern, str) else json.dumps(pattern, separators=(",", ":"), ensure_ascii=False))
    buses.check_target_count(len(props.get("Targets") or ()))
    schedules.check_rule_schedule(props.get("ScheduleExpression"))


def _check_machine(props):
    text = props.get("DefinitionString") or props.get("Definition")
    if isinstance(text, str):
        for name, value in (props.get("DefinitionSubstitutions") or {}).items():
            text = text.replace("${" + name + "}", str(value))
    if text:
        check_definition(text)


def _check_role(props):
    policies.check_trust_policy(props.get("AssumeRolePolicyDocument") or {})
    policies.check_role_policies(props.get("RoleName", ""), [policy.get("PolicyDocument") or {} for policy in props.get("Policies") or ()])


def _check_task_definition(props):
    if "FARGATE" in (props.get("RequiresCompatibilities") or ()):
        tasks.check_fargate(props.get("Cpu"), props.get("Memory"), props.get("NetworkMode"))


def _check_empty(bucket):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html"""
    if (s3._buckets.get(bucket) or {}).get("objects") or s3._bucket_has_versions(bucket):
        raise Refused("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)


def _check_filter(props):
    filters.check_pattern(props.get("FilterPattern"))


_CHECKS = {
    "AWS::ECS::TaskDefinition": _check_task_definition,
    "AWS::Events::Rule": _check_rule,
    "AWS::IAM::ManagedPolicy": lambda props: policies.check_managed_policy(props.get("PolicyDocument") or {}),
    "AWS::IAM::Role": _check_role,
    "AWS::Lambda::Function": functions.check_environment,
    "AWS::Logs::MetricFilter": _check_filter,
    "AWS::Logs::SubscriptionFilter": _check_filter,
    "AWS::SQS::Queue": _check_queue,
    "AWS::SQS::QueuePolicy": lambda props: policies.check_queue_policy(props.get("PolicyDocument") or {}),
    "AWS::Scheduler::Schedule": lambda props: schedules.check_schedule(props.get("ScheduleExpression")),
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
        if kind == "AWS::IAM::Policy":
            for role in resource["Properties"].get("Roles") or ():
                documents.get(_named(role), []).append(props.get("PolicyDocument") or {})
    for name, of_role in documents.items():
        policies.check_role_policies(name, of_role)


def _check_mapping(raw, props, resources):
    queue, function = (resources.get(_named(raw.get(name)), (None, {}))[:2] for name in ("EventSourceArn", "FunctionName"))
    if queue[0] == "AWS::SQS::Queue" and function[0] == "AWS::Lambda::Function":
        functions.check_mapping(
            props,
            str(queue[1].get("FifoQueue", "")).lower() == "true",
            int(queue[1].get("VisibilityTimeout", functions.DEFAULT_VISIBILITY_SECONDS)),
            int(function[1].get("Timeout", functions.DEFAULT_TIMEOUT_SECONDS)),
        )


def _named(value):
    """The logical id that a Ref or a GetAtt names."""
    if not isinstance(value, dict):
        return None
    name = value.get("Ref") or value.get("Fn::GetAtt")
    name = name[0] if isinstance(name, list) else name
    return name.split(".")[0] if isinstance(name, str) else None
