"""The permissions for the tags of an object that is written with them, or copied with those of its source.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html
https://repost.aws/knowledge-center/s3-troubleshoot-copy-between-buckets
"""

from urllib.parse import unquote

from ministack.core import iam_actions
from ministack.services import s3

_GRANTED_WITH = ("PutObject", "CreateMultipartUpload")


def apply():
    checks = iam_actions.s3_additional_checks

    def with_tags(method, path, headers, body, query_params):
        return checks(method, path, headers, body, query_params) + _of_tags(method, path, headers, query_params)

    iam_actions.s3_additional_checks = with_tags


def _of_tags(method, path, headers, query_params):
    """The calls of a copy in parts name no tags: its upload does, when it begins."""
    bucket, _, key = path.lstrip("/").partition("/")
    if not key or iam_actions._s3_action(method, path, query_params) not in _GRANTED_WITH or "partNumber" in query_params:
        return []
    put = ("s3:PutObjectTagging", f"arn:aws:s3:::{bucket}/{unquote(key)}")
    source = iam_actions._s3_source_object(headers)
    if source is None or headers.get("x-amz-tagging-directive", "COPY").upper() == "REPLACE":
        return [put] if headers.get("x-amz-tagging") else []
    arn, version = source
    of_bucket, _, of_key = arn.removeprefix("arn:aws:s3:::").partition("/")
    if not s3.object_tags_for_condition(of_bucket, of_key, {"versionId": version} if version else {}):
        return []
    return [("s3:GetObjectVersionTagging" if version else "s3:GetObjectTagging", arn), put]
