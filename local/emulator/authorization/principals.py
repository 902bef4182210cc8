"""Who a statement of a resource policy is about.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from .errors import PolicyError

_ACCOUNT = re.compile(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?")
_ENTITY = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d{12}:(?:user|role|assumed-role|federated-user)/[^*?]+")
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?", re.IGNORECASE)
_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


class Named(IntEnum):
    """How a statement names a caller. What names a role is limited by its permissions boundary and session policies;
    what names the session or the user is not; what names the account leaves the decision to identity policies."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    ITSELF = 3


@dataclass(frozen=True)
class Caller:
    """The principals that a caller is at the same time."""

    itself: str
    role: str | None = None  # partition:account:name of the role of a session, whose ARN lacks the role's path
    account: str | None = None
    root: bool = False

    @property
    def is_service(self) -> bool:
        return self.account is None


@lru_cache(maxsize=4096)
def identify(principal: str) -> Caller:
    parts = principal.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return Caller(principal.lower())
    _, partition, _, _, account, rest = parts
    kind, _, name = rest.partition("/")
    if kind == "assumed-role":
        return Caller(principal, f"{partition}:{account}:{name.partition('/')[0]}", account)
    if kind == "federated-user":
        return Caller(principal, f"{partition}:{account}:user/{name}", account)
    return Caller(principal, None, account, rest == "root")


@dataclass(frozen=True)
class Principals:
    """A compiled Principal or NotPrincipal."""

    everyone: bool
    accounts: frozenset[str]
    roles: frozenset[str]
    exact: frozenset[str]  # ARNs, services in lower case, other ids
    source: str
    excluded: bool  # NotPrincipal

    def names(self, caller: Caller, bounded: bool) -> Named:
        if self.excluded:
            return Named.NOT if self._excepts(caller) and not bounded else Named.ITSELF
        if self.everyone or caller.itself in self.exact:
            return Named.ITSELF
        if caller.role in self.roles:
            return Named.ROLE
        return Named.ACCOUNT if caller.account in self.accounts else Named.NOT

    def _excepts(self, caller: Caller) -> bool:
        """NotPrincipal must name the account too, and the role and the session of a role: the account alone does not
        except its users."""
        if self.everyone or caller.is_service:
            return self.everyone or caller.itself in self.exact
        chain = caller.account in self.accounts and (caller.role is None or caller.role in self.roles)
        return chain and (caller.root or caller.itself in self.exact)


def principals(policy: str, element: str, value: object) -> Principals:
    """Reads a Principal or NotPrincipal."""
    excluded = element.endswith("NotPrincipal")
    if value == "*":
        return Principals(True, frozenset(), frozenset(), frozenset(), "*", excluded)
    if not isinstance(value, Mapping) or not value:
        raise PolicyError(policy, element, f"is {value!r}", f'write "*", or an object with {", ".join(_KINDS)}')
    named: list[tuple[str, str]] = []
    for kind, listed in value.items():
        if kind not in _KINDS:
            raise PolicyError(policy, f"{element}.{kind}", "is no kind of principal", f"use {', '.join(_KINDS)}")
        names = [listed] if isinstance(listed, str) else listed
        if not isinstance(names, Sequence) or not names or not all(isinstance(name, str) for name in names):
            raise PolicyError(policy, f"{element}.{kind}", f"is {listed!r}", "give a text or a list of texts")
        named += [(kind, name) for name in names]
    for kind, name in named:
        _check(policy, f"{element}.{kind}", kind, name)
    aws = [name for kind, name in named if kind == "AWS"]
    others = [name.lower() if kind == "Service" else name for kind, name in named if kind != "AWS"]
    accounts = frozenset(found[1] for name in aws if (found := _ACCOUNT.fullmatch(name)))
    return Principals(
        "*" in aws,
        accounts,
        frozenset(role for name in aws if (role := _role(name))),
        frozenset((*aws, *others)) - {"*"},
        ", ".join(name for _, name in named),
        excluded,
    )


def _role(arn: str) -> str | None:
    """How `Caller.role` writes a role or a federated user's user."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "iam":
        return None
    kind, _, name = parts[5].partition("/")
    if kind == "role":
        return f"{parts[1]}:{parts[4]}:{name.rpartition('/')[2]}"
    return f"{parts[1]}:{parts[4]}:user/{name}" if kind == "user" else None


def _check(policy: str, element: str, kind: str, name: str) -> None:
    if kind == "AWS" and name != "*" and not _ACCOUNT.fullmatch(name) and not _ENTITY.fullmatch(name):
        raise PolicyError(
            policy,
            element,
            f"is {name}",
            'name an account, a user, a role or a role session, or "*" with a condition on aws:PrincipalArn; '
            "wildcards in a part of an ARN are not allowed",
        )
    if kind == "Service" and not _SERVICE.fullmatch(name):
        raise PolicyError(policy, element, f"is {name}", "name a service, as events.amazonaws.com")
