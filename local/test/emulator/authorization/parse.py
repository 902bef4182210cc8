"""What the parser says of each [document, kind] of standard input: an error, or None."""

import json
import sys

from authorization.evaluator import PolicyError, parse


def error(document: object, kind: str | None) -> str | None:
    try:
        parse("policy P", document, kind)
    except PolicyError as problem:
        return str(problem)
    return None


print(json.dumps([error(*one) for one in json.load(sys.stdin)]))
