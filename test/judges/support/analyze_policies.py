"""Reads policies, one of JSON a line, and prints the findings of parliament for each: a line for a line."""

import json
import sys

from parliament import analyze_policy_string, enhance_finding

for line in sys.stdin:
    findings = [enhance_finding(finding) for finding in analyze_policy_string(line).findings]
    print(json.dumps([{"rule": f.issue, "message": json.dumps(f.detail or f.title)} for f in findings]))
