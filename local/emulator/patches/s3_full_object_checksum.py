"""Multipart uploads support only composite checksums: a FULL_OBJECT checksum is refused as BadDigest, and lists have neither.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
No report upstream; ministack 1.5.33.
"""

import contextvars
import re

from ministack.core.responses import request_scope
from ministack.services import s3

from . import scratch

_FULL = "FULL_OBJECT"
_whole = contextvars.ContextVar("whole", default=None)


def needed():
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        s3._create_bucket("probe", b"", {})
        try:
            headers = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": _FULL}
            begun = s3._create_multipart_upload("probe", "key", headers)
            query = {"uploadId": _upload_id(begun), "partNumber": "1"}
            s3._upload_part("probe", "key", b"content", query, {})
            crc = {"x-amz-checksum-crc32": s3._compute_s3_checksum("CRC32", b"content")}
            parts = b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"
            return s3._complete_multipart_upload("probe", "key", parts, query, crc)[0] != 200
        finally:
            s3._buckets.pop("probe", None)
            for uploads in (s3._multipart_uploads, s3._completed_multipart_uploads):
                for upload_id in list(uploads.keys()):
                    uploads.pop(upload_id, None)


def apply():
    create, complete, listed, composite = s3._create_multipart_upload, s3._complete_multipart_upload, s3._list_multipart_uploads, s3._composite_checksum

    def create_of_type(bucket, key, headers):
        answer = create(bucket, key, headers)
        if answer[0] == 200 and headers.get("x-amz-checksum-type", "").upper() == _FULL:
            s3._multipart_uploads[_upload_id(answer)]["checksum_type"] = _FULL
            answer[1]["x-amz-checksum-type"] = _FULL
        return answer

    def complete_of_type(bucket, key, body, query, headers=None):
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
        if not upload or upload.get("checksum_type") != _FULL:
            return complete(bucket, key, body, query, headers)
        numbers = sorted(int(number) for number in re.findall(rb"<PartNumber>(\d+)<", body))
        token = _whole.set(b"".join(upload["parts"][number]["body"] for number in numbers if number in upload["parts"]))
        try:
            answer = complete(bucket, key, body, query, headers)
        finally:
            _whole.reset(token)
        if answer[0] != 200:
            return answer
        s3._buckets[bucket]["objects"][key]["checksum_type"] = _FULL
        answer = (answer[0], answer[1], answer[2].replace(b">COMPOSITE<", b">FULL_OBJECT<"))
        s3._completed_multipart_uploads[s3._qp(query, "uploadId")]["response"] = answer
        return answer

    def checksum(algorithm, part_checksums):
        whole = _whole.get()
        return composite(algorithm, part_checksums) if whole is None else s3._compute_s3_checksum(algorithm, whole)

    def listed_with_checksums(bucket, query):
        status, headers, body = listed(bucket, query)
        for upload_id, upload in list(s3._multipart_uploads.items()):
            algorithm = upload.get("checksum_algorithm")
            if algorithm:
                checksum_fields = f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{upload.get('checksum_type') or 'COMPOSITE'}</ChecksumType>"
                element = f"<UploadId>{upload_id}</UploadId>"
                body = body.replace(element.encode(), f"{element}{checksum_fields}".encode())
        return status, headers, body

    s3._create_multipart_upload, s3._complete_multipart_upload = create_of_type, complete_of_type
    s3._list_multipart_uploads, s3._composite_checksum = listed_with_checksums, checksum


def _upload_id(answer):
    return re.search(rb"<UploadId>(.+?)</UploadId>", answer[2])[1].decode()
