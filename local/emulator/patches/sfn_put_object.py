"""Step Functions cannot call `aws-sdk:s3:putObject`. On AWS a body that is not a string is written as JSON.

No report upstream; ministack 1.5.33.
"""

import json
from functools import partial

from authorization import step_functions
from authorization.integration_errors import of_integration
from ministack.core.responses import request_scope
from ministack.services import s3, stepfunctions

from . import scratch

RESOURCE = "arn:aws:states:::aws-sdk:s3:putObject"


def needed():
    # A real call needs the event loop of the running server; without the patch it is refused earlier.
    real, s3._put_object = s3._put_object, lambda *_args, **_options: (200, {}, b"")
    try:
        with request_scope(scratch.ACCOUNT, scratch.REGION):
            stepfunctions._invoke_aws_sdk_integration(RESOURCE, {"Bucket": "probe", "Key": "k", "Body": {}})
            return False
    except stepfunctions._ExecutionError as error:
        return "not yet implemented" in error.cause
    finally:
        s3._put_object = real


def apply():
    original = stepfunctions._dispatch_aws_sdk_rest_xml

    def dispatch(service_info, service_name, action, input_data):
        if service_name != "s3" or action != "putObject":
            return original(service_info, service_name, action, input_data)
        return put_object(input_data, partial(of_integration, RESOURCE))

    stepfunctions._dispatch_aws_sdk_rest_xml = dispatch


def put_object(request, denied):
    """Put the object with the role of the execution; `denied` names the error when the role may not."""
    step_functions.check("s3:PutObject", f"arn:aws:s3:::{request['Bucket']}/{request['Key']}", error=denied)
    body = request["Body"]
    content = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
    headers = {"content-type": request.get("ContentType", "application/octet-stream")}
    status, answer_headers, answer = s3._put_object(request["Bucket"], request["Key"], content, headers)
    if status >= 400:
        raise stepfunctions._ExecutionError("S3.S3Exception", answer.decode())
    return {"ETag": answer_headers.get("ETag", "")}
