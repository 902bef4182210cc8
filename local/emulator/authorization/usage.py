"""Which statements of the deployed policies a run needed: those whose removal would have denied one of its calls."""

import itertools
from dataclasses import replace

from . import identities
from .evaluator import judge

_examples = {}
"""One allowed call for each combination of principal, action and allowing statements: further calls decide alike."""


def note(request, policies, verdict):
    if verdict.allowed:
        principal = identities.role_name(request.principal) if request.principal.startswith("arn:") else request.principal
        _examples.setdefault((principal, request.action, verdict.statements), (request, policies))


def needed():
    """Every statement without which a call of the run would have been denied: its policy, its place, and such a call."""
    found = {}
    for (_principal, _action, matched), (request, policies) in list(_examples.items()):
        for name, index in matched:
            if (name, index) not in found and not judge(request, _without(policies, name, index)).allowed:
                found[name, index] = request, _policy(policies, name).statements[index].sid
    return [
        {"policy": name, "index": index, **({"sid": sid} if sid else {}),
         "principal": request.principal, "action": request.action, "resource": request.resource}
        for (name, index), (request, sid) in found.items()
    ]


def _policy(policies, name):
    every = (*policies.identity, *itertools.chain(*policies.limits), policies.resource)
    return next(policy for policy in every if policy is not None and policy.name == name)


def _without(policies, name, index):
    def cut(policy):
        if policy is None or policy.name != name:
            return policy
        return replace(policy, statements=policy.statements[:index] + policy.statements[index + 1:])

    return replace(
        policies, identity=tuple(map(cut, policies.identity)), limits=tuple(tuple(map(cut, limit)) for limit in policies.limits),
        resource=cut(policies.resource),
    )
