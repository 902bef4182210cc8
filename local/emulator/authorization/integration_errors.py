"""The errors of states whose call is denied or fails on request, by the names that Step Functions gives them.

An optimized integration fails with the exception of the AWS SDK for Java 1, an `aws-sdk` integration with that of version 2. An error that the model
of the operation does not list has the name of the service's base exception.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import uuid

from ministack.core import iam_actions
from ministack.services.stepfunctions import _AWS_SDK_ERROR_PREFIX, _AWS_SDK_SERVICE_MAP

from .gate import Failed

_OPTIMIZED = {
    # Service: error of the state, and name of the service, status and code in its cause. Reported by users of AWS:
    # https://github.com/awslabs/aws-deployment-framework/issues/460 (Lambda),
    # https://github.com/serverless-operations/serverless-step-functions/issues/656 (ECS); the others have the names of the SDK's classes.
    "lambda": ("Lambda.AWSLambdaException", "AWSLambda", 403, "AccessDeniedException"),
    "ecs": ("ECS.AccessDeniedException", "AmazonECS", 400, "AccessDeniedException"),
    "sqs": ("SQS.AmazonSQSException", "AmazonSQS", 403, "AccessDenied"),
    "sns": ("SNS.AuthorizationErrorException", "AmazonSNS", 403, "AuthorizationError"),
    "events": ("EventBridge.AmazonEventBridgeException", "AmazonEventBridge", 400, "AccessDeniedException"),
    "dynamodb": ("DynamoDB.AmazonDynamoDBException", "AmazonDynamoDBv2", 400, "AccessDeniedException"),
    "states": ("StepFunctions.AWSStepFunctionsException", "AWSStepFunctions", 400, "AccessDeniedException"),
}

_MODELS = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs", "rdsdata": "rds-data"}
_MODELED = ("AccessDeniedException", "AuthorizationErrorException")


def of_integration(resource, denied):
    """Error and cause of the failed state."""
    name = resource.partition(":states:::")[2]
    if name.startswith("aws-sdk:"):
        return _of_sdk(*name.split(".")[0].split(":")[1:3], denied)
    error, service, status, code = _OPTIMIZED[name.split(":")[0] or "lambda"]
    if isinstance(denied, Failed):
        exception = denied.code if denied.code.endswith("Exception") else f"{service.removesuffix('v2')}Exception"
        error, status, code = f"{error.split('.')[0]}.{exception}", denied.status, denied.code
    return error, f"{denied.message} (Service: {service}; Status Code: {status}; Error Code: {code}; Request ID: {uuid.uuid4()}; Proxy: null)"


def _of_sdk(service, action, denied):
    service = service.lower()
    prefix = _AWS_SDK_ERROR_PREFIX.get(service, service.capitalize())
    operations = iam_actions._load_botocore_model(_MODELS.get(service, service)).get("operations", {})
    listed = [error["shape"] for error in operations.get(action[:1].upper() + action[1:], {}).get("errors", [])]
    names, status = _MODELED, 400 if _AWS_SDK_SERVICE_MAP[service]["protocol"] == "json" else 403
    if isinstance(denied, Failed):
        names, status = (denied.code,), denied.status
    exception = next((name for name in names if name in listed), f"{prefix}Exception")
    return f"{prefix}.{exception}", f"{denied.message} (Service: {prefix}, Status Code: {status}, Request ID: {uuid.uuid4()}) (SDK Attempt Count: 1)"
