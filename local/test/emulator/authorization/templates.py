"""What the check says of each [template, parameters] of standard input."""

import json
import sys

from authorization import templates
from ministack.core.responses import request_scope

with request_scope("111122223333", "eu-west-1"):
    print(json.dumps([templates.check(*one) for one in json.load(sys.stdin)]))
