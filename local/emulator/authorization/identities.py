"""The policies of roles and users, as IAM holds them at the time of a call."""

import json

from ministack.core.iam_evaluator import _resolve_managed_policy_document
from ministack.services import iam

from .evaluator import parse

_parsed = {}
_with_tags = set()


def parsed(name, document):
    """The parsed policy; each text is parsed once for each name."""
    text = document if isinstance(document, str) else json.dumps(document)
    policy = _parsed.get((name, text))
    if policy is None:
        policy = _parsed[name, text] = parse(name, text)
        if "aws:resourcetag/" in text.lower():
            _with_tags.add(id(policy))
    return policy


def asks_for_tags(policy):
    """Whether a condition of the policy names a tag of the resource: tags are looked up only then."""
    return id(policy) in _with_tags


def role_name(arn):
    """The name of the role in the ARN of a role or of a session of it; empty for every other principal."""
    kind, _, path = arn.split(":", 5)[-1].partition("/")
    return {"role": path.rsplit("/", 1)[-1], "assumed-role": path.split("/", 1)[0]}.get(kind, "")


def account_of(arn):
    return arn.split(":")[4]


def of(arn, session=None):
    """The identity policies of a role or user, the limits that its permissions boundary and the session policies set, and
    whether there is a boundary; None for an account root. A role or user that does not exist has no policies."""
    account = account_of(arn)
    if arn.endswith(":root"):
        return None
    role = role_name(arn)
    if role:
        entity = iam._roles.get_scoped(account, None, role) or {}
        owner, inline = f"role {role}", entity.get("InlinePolicies") or {}
    else:
        user = arn.rsplit("/", 1)[-1]
        entity = iam._users.get_scoped(account, None, user) or {}
        owner, inline = f"user {user}", iam._user_inline_policies.get_scoped(account, None, user) or {}
    identity = [parsed(f"policy {name} of {owner}", document) for name, document in inline.items()]
    identity += _managed(account, entity.get("AttachedPolicies") or [])
    boundary = entity.get("PermissionsBoundary")
    passed = (session or {}).get("SessionPolicies")
    limits = [_managed(account, [boundary])] if boundary else []
    if passed is not None:
        own = [parsed(f"session policy of {arn}", passed["Policy"])] if passed.get("Policy") else []
        limits.append(own + _managed(account, passed.get("PolicyArns", [])))
    return tuple(identity), tuple(tuple(limit) for limit in limits), bool(boundary)


def trust_of(role_arn):
    """The trust policy of a role; None when there is no such role."""
    role = iam._roles.get_scoped(account_of(role_arn), None, role_name(role_arn))
    return None if role is None else parsed(f"trust policy of role {role_name(role_arn)}", role["AssumeRolePolicyDocument"])


def keys_of(arn):
    """Condition keys that describe the principal: the tags of the role or user among them."""
    account, role = account_of(arn), role_name(arn)
    entity = iam._roles.get_scoped(account, None, role) if role else iam._users.get_scoped(account, None, arn.rsplit("/", 1)[-1])
    keys = {
        "aws:PrincipalArn": f"arn:aws:iam::{account}:role{(entity or {}).get('Path', '/')}{role}" if role else arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": "AssumedRole" if role else "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
    }
    return keys | {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in (entity or {}).get("Tags") or []}


def _managed(account, arns):
    documents = ((arn, _resolve_managed_policy_document(arn, account)) for arn in arns)
    return [parsed(f"managed policy {arn}", document) for arn, document in documents if document]
