"""Judges the cases of standard input with the evaluator: one JSON array in, one out."""

import json
import sys

from authorization.evaluator import Policies, Request, judge, parse


def verdict(case: dict) -> dict:
    limits = [(name, case[name]) for name in ("boundary", "session") if name in case]
    policies = Policies(
        identity=tuple(parse(f"identity {at}", document, "identity") for at, document in enumerate(case["identity"])),
        limits=tuple((parse(name, document, "identity"),) for name, document in limits),
        resource=parse("resource policy", case["resourcePolicy"], "resource") if "resourcePolicy" in case else None,
        resource_account=case["resourceAccount"],
        resource_must_allow=case["mustAllow"],
        bounded="boundary" in case,
    )
    names = ("principal", "account", "action", "resource", "context")
    found = judge(Request(*(case[name] for name in names)), policies)
    return {"allowed": found.allowed, "explicit": found.explicit, "statements": found.statements, "reason": found.reason}


print(json.dumps([verdict(case) for case in json.load(sys.stdin)]))
