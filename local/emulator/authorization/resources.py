"""The policies that resources carry, and what conditions may ask of a resource."""

from ministack.core import iam_evaluator
from ministack.core.responses import request_scope

from . import identities, kms

_KINDS = {
    "sqs": "queue", "sns": "topic", "s3": "bucket", "lambda": "function", "secretsmanager": "secret", "kms": "key", "ecr": "repository",
    "kinesis": "stream",
}


def policy_of(action, arn, account, region):
    """Policy, owner account, and whether it must allow the call; `account` is the caller's, for ARNs that name none."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return None, None, False
    service, owner = parts[2], parts[4] or account
    if service == "iam" and parts[5].startswith("role/"):
        # A trust policy decides who may assume the role, and not who may pass it or read it.
        assumed = action.startswith("sts:AssumeRole")
        return (identities.trust_of(arn) if assumed else None), owner, assumed
    with request_scope(owner, parts[3] or region):
        found = kms.policy_of(arn) if service == "kms" else iam_evaluator._resource_policy(service, arn)
    if not found:
        return None, owner, False
    document, owner = found
    # The key policy decides who may use a key; without a statement for the account no identity policy counts.
    # https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    must_allow = service == "kms"
    # A function keeps an empty list when its last permission is removed.
    empty = not document or isinstance(document, dict) and not document.get("Statement")
    return (None if empty else identities.parsed(name_of(arn), document)), owner, must_allow


def name_of(arn):
    """How messages name the policy of a resource."""
    service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
    if service == "s3":
        resource = resource.split("/", 1)[0]
    elif service in ("lambda", "secretsmanager"):
        resource = resource.split(":")[1]
    return f"policy of {_KINDS.get(service, service)} {resource.rsplit('/', 1)[-1]}"


def tags_of(arn, account, region):
    """Condition keys for the tags of a resource."""
    from ministack.services import tagging

    with request_scope(account, region):
        return {f"aws:ResourceTag/{name}": value for name, value in (tagging.resource_tags(arn) or {}).items()}
