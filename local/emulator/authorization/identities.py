"""The policies of roles and users, as IAM holds them at the time of a call."""

import json
from dataclasses import dataclass

from ministack.core.iam_evaluator import _resolve_managed_policy_document
from ministack.services import iam

from .evaluator import Policy, parse

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


@dataclass(frozen=True)
class Entity:
    """A role or user, and what decides about its calls."""

    policies: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] | None = None
    trust: Policy | None = None
    path: str = "/"
    tags: tuple[tuple[str, str], ...] = ()


def key_of(arn):
    """Account, kind and name of a role or user: of the role for a session of it."""
    role = role_name(arn)
    return account_of(arn), *(("role", role) if role else ("user", arn.rsplit("/", 1)[-1]))


def every_key():
    """The keys of all roles and users."""
    named = (("role", iam._roles), ("user", iam._users))
    return [(scope[0], kind, scope[-1]) for kind, store in named for scope in list(store._data)]


def current(key):
    """The role or user as it is now; None when there is none."""
    account, kind, name = key
    record = (iam._roles if kind == "role" else iam._users).get_scoped(account, None, name)
    if record is None:
        return None
    inline = (record.get("InlinePolicies") if kind == "role" else iam._user_inline_policies.get_scoped(account, None, name)) or {}
    boundary, trust = record.get("PermissionsBoundary"), record.get("AssumeRolePolicyDocument")
    return Entity(
        policies=(*(parsed(f"policy {policy} of {kind} {name}", document) for policy, document in inline.items()),
                  *_managed(account, record.get("AttachedPolicies") or [])),
        boundary=tuple(_managed(account, [boundary])) if boundary else None,
        trust=parsed(f"trust policy of role {name}", trust) if trust else None,
        path=record.get("Path", "/"),
        tags=tuple((tag["Key"], tag["Value"]) for tag in record.get("Tags") or []),
    )


def seen(key):
    """The role or user by which a call is judged; `delay` replaces it."""
    return current(key)


def of(arn, session=None):
    """What decides about the calls of a role or user, and the condition keys that describe it; None for an account root.

    The first has its identity policies, the limits that its permissions boundary and the session policies set, and
    whether there is a boundary. A role or user that does not exist has no policies.
    """
    if arn.endswith(":root"):
        return None
    key = key_of(arn)
    entity = seen(key) or Entity()
    passed = (session or {}).get("SessionPolicies")
    limits = [] if entity.boundary is None else [entity.boundary]
    if passed is not None:
        own = [parsed(f"session policy of {arn}", passed["Policy"])] if passed.get("Policy") else []
        limits.append((*own, *_managed(account_of(arn), passed.get("PolicyArns", []))))
    return (entity.policies, tuple(limits), entity.boundary is not None), _keys(arn, key, entity)


def trust_of(role_arn):
    """The trust policy of a role; None when there is no such role."""
    entity = seen(key_of(role_arn))
    return entity and entity.trust


def _keys(arn, key, entity):
    account, kind, name = key
    keys = {
        "aws:PrincipalArn": f"arn:aws:iam::{account}:role{entity.path}{name}" if kind == "role" else arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": "AssumedRole" if kind == "role" else "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
    }
    return keys | {f"aws:PrincipalTag/{tag}": value for tag, value in entity.tags}


def _managed(account, arns):
    documents = ((arn, _resolve_managed_policy_document(arn, account)) for arn in arns)
    return [parsed(f"managed policy {arn}", document) for arn, document in documents if document]
