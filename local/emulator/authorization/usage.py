"""What the statements of the deployed policies were for: the calls that each allowed since the start."""

import itertools
from dataclasses import asdict, replace

from . import identities
from .evaluator import judge

_examples = {}
"""One allowed call for each combination of principal, action and allowing statements: further calls decide alike."""


def note(request, policies, verdict):
    if verdict.allowed:
        principal = identities.role_name(request.principal) if request.principal.startswith("arn:") else request.principal
        _examples.setdefault((principal, request.action, verdict.statements), (request, policies))


def calls():
    """An allowed call of each kind since the start, complete: it can be judged again by other policies."""
    return [asdict(request) for request, _policies in list(_examples.values())]


def statements():
    """Each statement that allowed a call: its policy, its place, the actions, and a call that had been denied without it."""
    found = {}
    for (_principal, action, allowing), (request, policies) in list(_examples.items()):
        for name, index in allowing:
            use = found.setdefault((name, index), {"policy": name, "index": index, "sid": _policy(policies, name).statements[index].sid, "actions": []})
            if action not in use["actions"]:
                use["actions"].append(action)
            if "neededBy" not in use and not judge(request, _without(policies, name, index)).allowed:
                use["neededBy"] = {"principal": request.principal, "action": action, "resource": request.resource}
    return list(found.values())


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
