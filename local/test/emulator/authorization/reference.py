"""What the reference says of a few actions and keys."""

import json

from authorization import reference

KEYS = ("aws:ResourceTag/a", "ecs:cluster", "ECS:Cluster", "s3:prefix", "aws:Nothing")


def unknown() -> str:
    try:
        return str(reference.resource_types("s3:Nothing"))
    except KeyError as error:
        return error.args[0]


print(json.dumps({
    "named": reference.named("ECS:runt*"),
    "types": reference.resource_types("ecs:runtask"),
    "keys": reference.condition_keys("ecs:RunTask"),
    "dependents": [reference.dependents("ecs:RunTask"), reference.dependents("s3:GetObject")],
    "known": [reference.is_key(key, ["ecs"]) for key in KEYS],
    "unknown": unknown(),
}))
