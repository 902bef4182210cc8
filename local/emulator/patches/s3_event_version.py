"""Events of S3 on EventBridge lack the version of the object; its notifications have it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
No report upstream; ministack 1.5.33.
"""

import contextvars
import json

from ministack.core.responses import request_scope
from ministack.services import eventbridge, s3

from . import scratch

_version = contextvars.ContextVar("version", default=None)


def needed():
    seen = []
    real, eventbridge._pattern_event_view = eventbridge._pattern_event_view, lambda event: seen.append(event) or real(event)
    try:
        with request_scope(scratch.ACCOUNT, scratch.REGION):
            s3._bucket_notifications["probe"] = "<EventBridgeConfiguration/>"
            try:
                s3._fire_s3_event("probe", "key", "s3:ObjectCreated:Put", version_id="v")
            finally:
                s3._bucket_notifications.pop("probe", None)
    finally:
        eventbridge._pattern_event_view = real
    return not any(json.loads(event["Detail"])["object"].get("version-id") == "v" for event in seen)


def apply():
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_with_version(*args, **kwargs):
        token = _version.set(kwargs.get("version_id"))
        try:
            return fire(*args, **kwargs)
        finally:
            _version.reset(token)

    def dispatch_with_version(event, *args, **kwargs):
        version = _version.get()
        if version and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **kwargs)

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version
