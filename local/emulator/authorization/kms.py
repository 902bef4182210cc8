"""Encrypted queues, topics, objects, tables, secrets and parameters: a caller needs their key too.

A service uses the key of a resource on behalf of its caller (`kms:ViaService`), or for a service that delivers to it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
"""

import json

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import dynamodb, kms, s3, secretsmanager, sns, sqs, ssm

SEND = ("kms:GenerateDataKey", "kms:Decrypt")
READ = ("kms:Decrypt",)

_LOGS = ("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey")

_TABLE_CALLS = frozenset(
    f"dynamodb:{name}"
    for name in (
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "UpdateItem",
        "GetRecords",
        "GetShardIterator",
        "PartiQLDelete",
        "PartiQLInsert",
        "PartiQLSelect",
        "PartiQLUpdate",
    )
)


def needs(action, resource):
    """The calls of KMS that a call implies: action, ARN of the key, and condition keys."""
    parts = resource.split(":", 5)
    find = _FINDERS.get(action.split(":", 1)[0])
    if find is None or len(parts) < 6:
        return []
    with request_scope(parts[4] or get_account_id(), parts[3] or get_region()):
        actions, key, encryption_context = find(action.split(":", 1)[1], resource) or ((), None, {})
        arn = actions and _arn_of(key)
        service = action.split(":", 1)[0]
        return (
            [
                (name, arn, _context(encryption_context, f"{service}.{arn.split(':')[3]}.amazonaws.com"))
                for name in actions
            ]
            if arn
            else []
        )


def of_log_group(key, log_group_arn):
    """What CloudWatch Logs itself does with the key of a log group."""
    arn = _arn_of(key)
    return [(action, arn, _context({"aws:logs:arn": log_group_arn})) for action in _LOGS] if arn else []


def policy_of(arn):
    """Key policy with the grants of the key, and the account that owns it; None for an unknown key.

    The policy of an AWS managed key lets every caller of the account use it through its service, and no other service.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    if ":alias/aws/" in arn:
        return _managed_policy(arn), arn.split(":")[4]
    found = kms.key_policy_for_arn(arn)
    if found is None or not found[0]:
        return found
    grants = [_statement(grant) for grant in kms._grants.values() if grant["KeyId"] == arn]
    if not grants:
        return found
    document = json.loads(found[0])
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    return json.dumps({**document, "Statement": statements + grants}), found[1]


def _queue(operation, arn):
    actions = {"SendMessage": SEND, "ReceiveMessage": READ}.get(operation)
    queue = actions and sqs._queue_by_arn(arn)
    return queue and (actions, queue["attributes"].get("KmsMasterKeyId"), {"aws:sqs:arn": arn})


def _topic(operation, arn):
    topic = sns._topic_by_arn_any_scope(arn) if operation == "Publish" else None
    return topic and (SEND, topic["attributes"].get("KmsMasterKeyId"), {"aws:sns:topicArn": arn})


def _object(operation, arn):
    bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    if operation in ("GetObject", "GetObjectVersion"):
        stored = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key)
        headers = (s3._stored_sse_headers(stored) if stored else {}) or s3._bucket_default_sse_headers(bucket)
        actions = READ
    elif operation == "PutObject":
        headers = s3._bucket_default_sse_headers(bucket)
        # The parts of an upload are joined after decryption.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
        uploads = any(
            upload["bucket"] == bucket and upload["key"] == key for upload in list(s3._multipart_uploads.values())
        )
        actions = SEND if uploads else ("kms:GenerateDataKey",)
    else:
        return None
    if headers.get("x-amz-server-side-encryption") != "aws:kms":
        return None
    by_bucket = "BucketKeyEnabled>true<" in (s3._bucket_encryption.get(bucket) or "")
    key = headers.get("x-amz-server-side-encryption-aws-kms-key-id") or "alias/aws/s3"
    return actions, key, {"aws:s3:arn": f"arn:aws:s3:::{bucket}" if by_bucket else arn}


def _table(operation, arn):
    if f"dynamodb:{operation}" not in _TABLE_CALLS:
        return None
    name = arn.split(":table/", 1)[-1].split("/", 1)[0]
    encryption = (dynamodb._tables.get(name) or {}).get("SSEDescription") or {}
    # The caller decrypts the key of the table, which DynamoDB made on behalf of its creator.
    key = encryption.get("KMSMasterKeyArn") if encryption.get("Status") == "ENABLED" else None
    return READ, key, {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": get_account_id()}


def _secret(operation, arn):
    actions = {"GetSecretValue": READ, "PutSecretValue": SEND, "UpdateSecret": SEND}.get(operation)
    secret = actions and next((each for each in secretsmanager._secrets.values() if each["ARN"] == arn), None)
    return secret and (actions, secret.get("KmsKeyId"), {"SecretARN": secret["ARN"]})


def _parameter(operation, arn):
    if operation not in ("GetParameter", "GetParameters", "GetParametersByPath"):
        return None
    _name, parameter = ssm._lookup_parameter(arn, allow_arn_region=True, flexible_name=True)
    secure = parameter and parameter.get("Type") == "SecureString"
    return secure and (READ, parameter.get("KeyId"), {"PARAMETER_ARN": arn})


_FINDERS = {
    "sqs": _queue,
    "sns": _topic,
    "s3": _object,
    "dynamodb": _table,
    "secretsmanager": _secret,
    "ssm": _parameter,
}


def _context(encryption_context, via=None):
    keys = {f"kms:EncryptionContext:{name}": value for name, value in encryption_context.items()}
    return {**keys, "kms:EncryptionContextKeys": list(encryption_context), **({"kms:ViaService": via} if via else {})}


def _arn_of(key):
    """ARN of the key that an id, an ARN or an alias names; of an AWS managed key the ARN of its alias."""
    if not key:
        return None
    if "alias/aws/" in key:
        return key if key.startswith("arn:") else f"arn:aws:kms:{get_region()}:{get_account_id()}:{key}"
    found = kms._resolve_key(key)
    return (
        found["Arn"]
        if found
        else (key if key.startswith("arn:") else f"arn:aws:kms:{get_region()}:{get_account_id()}:key/{key}")
    )


def _managed_policy(arn):
    region, account, service = arn.split(":")[3], arn.split(":")[4], arn.rsplit("/", 1)[-1]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Resource": "*",
                    "Action": [
                        "kms:Encrypt",
                        "kms:Decrypt",
                        "kms:ReEncrypt*",
                        "kms:GenerateDataKey*",
                        "kms:CreateGrant",
                        "kms:DescribeKey",
                    ],
                    "Condition": {
                        "StringEquals": {
                            "kms:ViaService": f"{service}.{region}.amazonaws.com",
                            "kms:CallerAccount": account,
                        }
                    },
                }
            ],
        }
    )


def _statement(grant):
    """https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"""
    constraints = grant.get("Constraints") or {}
    pairs = {**(constraints.get("EncryptionContextSubset") or {}), **(constraints.get("EncryptionContextEquals") or {})}
    condition = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    principal = grant["GranteePrincipal"]
    return {
        "Sid": f"Grant{grant['GrantId'][:16]}",
        "Effect": "Allow",
        "Resource": "*",
        "Principal": {"Service" if principal.endswith(".amazonaws.com") else "AWS": principal},
        "Action": [f"kms:{operation}" for operation in grant["Operations"]],
        **({"Condition": {"StringEquals": condition}} if condition else {}),
    }
