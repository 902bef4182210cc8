"""The policies of a CloudFormation template, before anything of it exists.

A policy that the evaluator does not know stops the deployment. IAM itself accepts actions and condition keys that no
service has: each is named, and the deployment continues.
"""

from collections.abc import Iterator, Mapping

from . import reference
from .placeholders import resolver
from .statements import Kind, Policy, PolicyError, parse

# Their policies must name a principal. Other types with policies are read without that.
_RESOURCE_POLICIES = {
    "AWS::ECR::Repository",
    "AWS::Events::EventBusPolicy",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
}


def check(template: Mapping, parameters: Mapping[str, str]) -> dict[str, list[str]]:
    """The errors that stop the deployment, and the notes to print. Each begins with the logical id and the property."""
    errors, notes = [], []
    try:
        resolve = resolver(template, parameters)
    except ValueError as error:
        return {"errors": [str(error)], "notes": []}
    for logical_id, resource in template["Resources"].items():
        for path, document in _policies(resource):
            name = f"{logical_id} ({resource['Type']}) {path}"
            try:
                policy = parse(name, resolve(document), _kind(resource["Type"], path))
                notes += _unknown(policy)
            except PolicyError as error:
                errors.append(str(error))
            except ValueError as error:
                # A function of a value that does not exist yet; a call that the policy decides finds what is wrong in it
                notes.append(f"{name} cannot be read before it is deployed: {error}")
    return {"errors": errors, "notes": notes}


def _policies(resource: Mapping) -> Iterator[tuple[str, Mapping]]:
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::Events::EventBusPolicy" and "Statement" in properties:
        yield "Statement", {"Version": "2012-10-17", "Statement": properties["Statement"]}
    else:
        yield from _documents(properties, "")


def _documents(value: object, path: str) -> Iterator[tuple[str, Mapping]]:
    """Every policy document in the properties, wherever it stands, with the path to it."""
    if isinstance(value, Mapping):
        if _is_policy(value, path):
            yield path, value
            return
        for key, inner in value.items():
            yield from _documents(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _documents(inner, f"{path}[{index}]")


def _is_policy(value: Mapping, path: str) -> bool:
    """A mapping with statements, or one that stands where a policy must."""
    last = path.rpartition(".")[2]
    return last in ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy") or (
        "Statement" in value and ("Policy" in last or value.keys() <= {"Version", "Id", "Statement"})
    )


def _kind(resource_type: str, path: str) -> Kind | None:
    if path.endswith("AssumeRolePolicyDocument"):
        return "trust"
    if resource_type.startswith("AWS::IAM::"):
        return "identity"
    return "resource" if resource_type in _RESOURCE_POLICIES else None


def _unknown(policy: Policy) -> Iterator[str]:
    """Actions and condition keys that AWS's reference does not hold."""
    for index, statement in enumerate(policy.statements):
        at = f"{policy.name}: Statement[{index}]"
        actions = [text.source for text in statement.actions.texts if text.source != "*"]
        for action in actions:
            if not reference.named(action):
                yield f"{at} names {action}, and AWS has no such action; check its spelling"
        services = sorted({action.partition(":")[0].lower() for action in actions})
        for key in dict.fromkeys(line.key for line in statement.conditions):
            # A key with a dot is of an identity provider; `*` is about the keys of every service
            if services and "." not in key.partition(":")[0] and not reference.is_key(key, services):
                yield f"{at} has a condition on {key}, and {' or '.join(services)} has no such key; no call will carry it"
