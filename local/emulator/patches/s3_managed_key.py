"""A write with `aws:kms` and without a key id is refused; S3 then uses its AWS managed key, as for the files of `cdk bootstrap`.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
No report upstream; ministack 1.5.33.
"""

from ministack.core.responses import get_account_id, get_region
from ministack.services import s3

_ENCRYPTION = "x-amz-server-side-encryption"
_KEY = f"{_ENCRYPTION}-aws-kms-key-id"


def needed():
    return s3._resolve_sse_write_headers({_ENCRYPTION: "aws:kms"}, "probe")[1] is not None


def apply():
    resolve = s3._resolve_sse_write_headers

    def resolve_with_key(headers, bucket_name):
        if headers.get(_ENCRYPTION) == "aws:kms" and not headers.get(_KEY):
            headers = {**headers, _KEY: f"arn:aws:kms:{get_region()}:{get_account_id()}:alias/aws/s3"}
        return resolve(headers, bucket_name)

    s3._resolve_sse_write_headers = resolve_with_key
