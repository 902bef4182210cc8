"""Limits of IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

from ministack.services import iam

from . import policies
from .refusal import guard


def apply():
    checks = {
        "PutRolePolicy": ("_put_role_policy", _check_inline),
        "CreatePolicy": ("_create_policy", lambda form: policies.check_managed_policy(iam._p(form, "PolicyDocument"))),
        "CreatePolicyVersion": ("_create_policy_version", lambda form: policies.check_managed_policy(iam._p(form, "PolicyDocument"))),
        "CreateRole": ("_create_role", lambda form: policies.check_trust_policy(iam._p(form, "AssumeRolePolicyDocument"))),
        "UpdateAssumeRolePolicy": ("_update_assume_role_policy", lambda form: policies.check_trust_policy(iam._p(form, "PolicyDocument"))),
    }
    for action, (name, check) in checks.items():
        guard(iam, name, check, as_xml)
        iam._IAM_HANDLERS[action] = getattr(iam, name)


def as_xml(refused):
    return iam._error(refused.status, refused.code, refused.message, ns="iam")


def _check_inline(form):
    name = iam._p(form, "RoleName")
    documents = {**(iam._roles.get(name) or {}).get("InlinePolicies", {}), iam._p(form, "PolicyName"): iam._p(form, "PolicyDocument")}
    policies.check_role_policies(name, documents.values())
