"""Sizes of policies."""

import json
import re

from .refusal import Refused

QUEUE_POLICY_STATEMENTS = 20
QUEUE_POLICY_BYTES = 8_192
QUEUE_POLICY_ACTIONS = 7
ROLE_POLICIES_CHARACTERS = 10_240
MANAGED_POLICY_CHARACTERS = 6_144
TRUST_POLICY_CHARACTERS = 2_048


def check_queue_policy(document):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html"""
    text = _text(document)
    try:
        statements = [json.loads(text).get("Statement", [])]
    except (ValueError, AttributeError):
        return  # The emulator, or the evaluator of policies, answers what is no policy.
    statements = statements[0] if isinstance(statements[0], list) else statements
    if len(statements) > QUEUE_POLICY_STATEMENTS:
        raise Refused("OverLimit", f"{len(statements)} statements were found in the submitted policy, max allowed is {QUEUE_POLICY_STATEMENTS}", 403)
    for statement in statements:
        actions = statement.get("Action", []) if isinstance(statement, dict) else []
        if isinstance(actions, list) and len(actions) > QUEUE_POLICY_ACTIONS:
            raise Refused("OverLimit", f"{len(actions)} actions were found in a statement from the submitted policy, max allowed is {QUEUE_POLICY_ACTIONS}", 403)
    if len(text.encode()) > QUEUE_POLICY_BYTES:
        raise Refused("OverLimit", "Submitted policy is over max allowed size.", 403)


# IAM does not count white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html


def check_role_policies(role, documents):
    if sum(map(_characters, documents)) > ROLE_POLICIES_CHARACTERS:
        raise Refused("LimitExceeded", f"Maximum policy size of {ROLE_POLICIES_CHARACTERS} bytes exceeded for role {role}", 409)


def check_managed_policy(document):
    if _characters(document) > MANAGED_POLICY_CHARACTERS:
        raise Refused("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_POLICY_CHARACTERS}", 409)


def check_trust_policy(document):
    if _characters(document) > TRUST_POLICY_CHARACTERS:
        raise Refused("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS}", 409)


def _characters(document):
    return len(re.sub(r"\s", "", _text(document)))


def _text(document):
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"), ensure_ascii=False)
