"""Properties that a resource type does not have: CloudFormation refuses them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html

The names are those of @aws-cdk/aws-service-spec, for the types that the local cloud deploys or leaves out. `npx projen resource-properties` writes
resource-properties.json.
"""

import functools
import json
from pathlib import Path

from .refusal import Refused


@functools.cache
def _types():
    return json.loads(Path(__file__).with_name("resource-properties.json").read_bytes())


def check(kind, values):
    description = _types().get(kind)
    if description:
        unknown = list(_unknown(values, description["properties"], description["types"], "#"))
        if unknown:
            raise Refused("InvalidRequest", "Properties validation failed for resource: " + "; ".join(unknown))


def _unknown(value, shape, types, path):
    """`shape` is a name of `types`, its properties, [shape of an item], {"*": shape of a value}, or 0 for anything."""
    shape = types[shape] if isinstance(shape, str) else shape
    if isinstance(value, list) and isinstance(shape, list):
        for index, item in enumerate(value):
            yield from _unknown(item, shape[0], types, f"{path}/{index}")
    if not isinstance(value, dict) or not isinstance(shape, dict) or _is_intrinsic(value):
        return
    for name, item in value.items():
        if "*" in shape:
            yield from _unknown(item, shape["*"], types, f"{path}/{name}")
        elif name in shape:
            yield from _unknown(item, shape[name], types, f"{path}/{name}")
        else:
            yield f"{path}: extraneous key [{name}] is not permitted"


def _is_intrinsic(value):
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))
