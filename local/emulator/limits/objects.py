"""Limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

import re

from ministack.services import s3

from .refusal import Refused, guard

KEY_BYTES = 1_024
METADATA_BYTES = 2_048
PART_BYTES = 5 * 1_024 * 1_024
MAX_PARTS = 10_000


def apply():
    guard(s3, "_dispatch", _check_request, _as_xml)
    guard(s3, "_complete_multipart_upload", _check_parts, _as_xml)


def _as_xml(refused):
    return s3._error(refused.code, refused.message, refused.status)


def _check_request(method, _bucket, key, headers, _body, query):
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    if len(key.encode("utf-8", "surrogatepass")) > KEY_BYTES:
        raise Refused("KeyTooLongError", "Your key is too long")
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    metadata = {name[11:]: value for name, value in headers.items() if name.lower().startswith("x-amz-meta-")}
    if method in ("PUT", "POST") and sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items()) > METADATA_BYTES:
        raise Refused("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    number = s3._qp(query, "partNumber") if method == "PUT" else ""
    if number and not (number.isdigit() and 1 <= int(number) <= MAX_PARTS):
        raise Refused("InvalidArgument", f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive")


def _check_parts(_bucket, _key, body, query, _headers=None):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html"""
    upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
    numbers = [int(number) for number in re.findall(rb"<PartNumber>\s*(\d+)\s*<", body or b"")]
    if not upload:
        return
    if numbers != sorted(set(numbers)):
        raise Refused("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
    for number in numbers[:-1]:
        part = upload["parts"].get(number)
        if part and len(part["body"]) < PART_BYTES:
            raise Refused("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
