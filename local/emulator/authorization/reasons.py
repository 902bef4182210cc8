"""One sentence that a developer can act on: the statement that denies, the one that comes closest, or the one to add."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .conditions import Condition
from .patterns import Context
from .principals import Caller, Named
from .statements import Policy, Statement

if TYPE_CHECKING:
    from .evaluator import Policies, Request


@dataclass(frozen=True)
class Lacking:
    """Which layers of policies have no Allow for a call."""

    identity: bool
    limits: tuple[int, ...]
    resource: bool


def denied(request: "Request", policy: Policy, index: int) -> str:
    statement = policy.statements[index]
    sid = f' ("{statement.sid}")' if statement.sid else ""
    excluded = statement.principals is not None and statement.principals.excluded
    why = ", and its NotPrincipal does not except all of account, role and session" if excluded else ""
    return f"{_head(request)}: statement {index + 1}{sid} of {policy.name} denies it{why}"


def missing(request: "Request", policies: "Policies", caller: Caller, context: Context, lacking: Lacking) -> str:
    parts = []
    if lacking.identity:
        parts.append(_layer(request, policies.identity, "it has no policies", caller, context))
    for at in lacking.limits:
        named = f"its limit {_names(policies.limits[at]) or 'without policies'} does not allow it"
        parts.append(f"{named}: {_layer(request, policies.limits[at], 'it is empty', caller, context)}")
    if lacking.resource:
        listed = (policies.resource,) if policies.resource else ()
        parts.append(_layer(request, listed, "the resource has no policy", caller, context, by_resource=True))
    return f"{_head(request)}: {'; and '.join(parts)}"


def _head(request: "Request") -> str:
    return f"{request.principal} is not allowed {request.action} on {request.resource}"


def _layer(
    request: "Request",
    layer: tuple[Policy, ...],
    empty: str,
    caller: Caller,
    context: Context,
    *,
    by_resource: bool = False,
) -> str:
    closest = max(_close(request, layer, caller, context), default=None, key=lambda found: found[0])
    if closest:
        return closest[1]
    lead = f"no statement of {_names(layer)} allows it" if layer else empty
    return f"{lead}; add {_statement(request, by_resource)}"


def _close(
    request: "Request", layer: tuple[Policy, ...], caller: Caller, context: Context
) -> Iterator[tuple[int, str]]:
    """The statements that allow the action, with how close each comes: only its conditions, its principal or its
    resource stand against the call."""
    for policy in layer:
        for index, statement in enumerate(policy.statements):
            if not statement.allows or not statement.actions.holds(request.action.lower(), context):
                continue
            lead = f"statement {index + 1} of {policy.name} allows the action"
            fits = statement.resources is None or statement.resources.holds(request.resource, context)
            names = statement.principals is None or statement.principals.names(caller, False) is not Named.NOT
            failing = [line for line in statement.conditions if not line.holds(context)]
            if not fits:
                yield (3 if names else 1), f"{lead}, but {_other_resource(request, statement)}"
            elif not names:
                yield 2, f"{lead}, but to {statement.principals.source}; add {_principal(request)} there"
            elif failing:
                yield 4 - len(failing) / 100, f"{lead}, but {' and '.join(_fails(line, context) for line in failing)}"


def _other_resource(request: "Request", statement: Statement) -> str:
    if statement.resources.excluded:
        return f"not on its NotResource {statement.resources.source}"
    return f"on {statement.resources.source}; add {request.resource} there"


def _fails(line: Condition, context: Context) -> str:
    found = context.get(line.key.lower())
    has = f"has no {line.key}" if found is None else f"has {found if isinstance(found, str) else ', '.join(found)}"
    return f"its condition {line.operator} {line.key} wants {' or '.join(line.values)}, and the request {has}"


def _names(layer: tuple[Policy, ...]) -> str:
    return ", ".join(policy.name for policy in layer)


def _statement(request: "Request", by_resource: bool) -> str:
    statement: dict[str, object] = {"Effect": "Allow"}
    if by_resource:
        kind = "AWS" if request.principal.startswith("arn:") else "Service"
        statement["Principal"] = {kind: _principal(request)}
    return json.dumps(statement | {"Action": request.action, "Resource": request.resource})


def _principal(request: "Request") -> str:
    """A session is named by its role."""
    parts = request.principal.split(":", 5)
    if len(parts) == 6 and parts[5].startswith("assumed-role/"):
        return f"arn:{parts[1]}:iam::{parts[4]}:role/{parts[5].split('/')[1]}"
    return request.principal
