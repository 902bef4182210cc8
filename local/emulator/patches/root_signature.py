"""The signature of calls with the keys of an account must be verified, as that of other keys.

The emulator takes every 12-digit access key for the root user of that account, whatever the signature. A presigned URL holds the
session token of its maker, so a program that gets one could make any other call. No upstream report (ministack 1.5.33).
"""

import types

from ministack import app
from ministack.core import iam_evaluator

_ACCOUNT = "000000000000"
_SIGNED = f"AWS4-HMAC-SHA256 Credential={_ACCOUNT}/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"


def needed():
    iam_evaluator.pin_signed_request("GET", "/", {}, [(b"authorization", _SIGNED.encode())])
    pinned = iam_evaluator._signed_request.get()
    iam_evaluator._signed_request.set(None)
    return pinned is None


def apply():
    # The same code, for which only a request without a key is one of the root user.
    original = iam_evaluator.pin_signed_request
    names = {**vars(iam_evaluator), "_is_root_key": lambda key: not key}
    pin = types.FunctionType(original.__code__, names, original.__name__, original.__defaults__)
    iam_evaluator.pin_signed_request = app.pin_signed_request = pin
