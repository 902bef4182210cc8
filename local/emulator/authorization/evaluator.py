"""Whether AWS would allow a call, and if not, which statement is missing or denies.

Pure: it knows policies and the request, nothing of the emulator.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import reasons
from .errors import PolicyError
from .principals import Caller, Named, identify
from .statements import Kind, Policy, Statement, parse

__all__ = ["Kind", "Policies", "Policy", "PolicyError", "Request", "Verdict", "judge", "parse"]


@dataclass(frozen=True)
class Request:
    principal: str  # ARN of a role session, user or account root; or a service principal ("events.amazonaws.com")
    account: str  # account of the principal ("" for a service)
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]]  # condition keys; their names ignore case


@dataclass(frozen=True)
class Policies:
    identity: tuple[Policy, ...] = ()
    limits: tuple[tuple[Policy, ...], ...] = ()  # permissions boundary, session policies
    resource: Policy | None = None
    resource_account: str | None = None  # None: the caller's
    resource_must_allow: bool = False  # KMS keys and trust policies: identity policies alone do not suffice
    bounded: bool = False  # one of the limits is a permissions boundary: a Deny with NotPrincipal then always denies


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    explicit: bool  # an explicit Deny
    statements: tuple[tuple[str, int], ...]  # (policy name, index) of each Allow that matched, or of the Deny
    reason: str  # "" when allowed; else one sentence: which statement is missing or denies


def judge(request: Request, policies: Policies) -> Verdict:
    context = {key.lower(): value for key, value in request.context.items()}
    call = _Call(request.action.lower(), request.resource, context, identify(request.principal), policies.bounded)
    identity = call.about(policies.identity)
    limits = [call.about(limit) for limit in policies.limits]
    resource = call.about((policies.resource,) if policies.resource else (), by_resource=True)

    for found in (identity, *limits, resource):
        if found.deny:
            policy, index = found.deny
            return Verdict(False, True, ((policy.name, index),), reasons.denied(request, policy, index))

    same_account = policies.resource_account in (None, request.account)
    within = all(limit.allows for limit in limits)
    by_identity = (bool(identity.allows) or call.caller.root) and within
    if call.caller.is_service:
        allowed = resource.named is Named.ITSELF
    elif same_account:
        by_resource = resource.named is Named.ITSELF or (resource.named is Named.ROLE and within)
        allowed = by_resource or (by_identity and (resource.named is not Named.NOT or not policies.resource_must_allow))
    else:
        allowed = by_identity and resource.named is not Named.NOT
    if allowed:
        matched = (*identity.allows, *(each for limit in limits for each in limit.allows), *resource.allows)
        return Verdict(True, False, matched, "")
    lacking = reasons.Lacking(
        identity=not identity.allows and not call.caller.root and not call.caller.is_service,
        limits=tuple(at for at, limit in enumerate(limits) if not limit.allows),
        resource=resource.named is Named.NOT
        and (call.caller.is_service or policies.resource_must_allow or not same_account),
    )
    return Verdict(False, False, (), reasons.missing(request, policies, call.caller, context, lacking))


@dataclass(frozen=True)
class _Found:
    """What a layer of policies says of a call."""

    deny: tuple[Policy, int] | None
    allows: tuple[tuple[str, int], ...] = ()
    named: Named = Named.NOT  # the closest that an Allow of a resource policy names the caller


@dataclass(frozen=True)
class _Call:
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]]
    caller: Caller
    bounded: bool

    def about(self, layer: Iterable[Policy], *, by_resource: bool = False) -> _Found:
        allows: list[tuple[str, int]] = []
        closest = Named.NOT
        for policy in layer:
            for index, statement in enumerate(policy.statements):
                if not statement.applies(self.action, self.resource, self.context):
                    continue
                named = self._named(policy, index, statement, by_resource)
                if named is Named.NOT:
                    continue
                if not statement.allows:
                    return _Found((policy, index))
                allows.append((policy.name, index))
                closest = max(closest, named)
        return _Found(None, tuple(allows), closest)

    def _named(self, policy: Policy, index: int, statement: Statement, by_resource: bool) -> Named:
        """A statement of an identity policy is about its identity."""
        if by_resource is not (statement.principals is not None):
            element = f"Statement[{index}].Principal"
            raise PolicyError(policy.name, element, "is absent" if by_resource else "stands in a policy of an identity")
        return Named.ITSELF if statement.principals is None else statement.principals.names(self.caller, self.bounded)
