"""The encryption of a bucket in a template is dropped, so its objects need no key.

Superfluous when ministack's provisioner stores `BucketEncryption`, as its PutBucketEncryption does; no report of
ministack names it, and 1.5.33 does not.
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.core.responses import request_scope
from ministack.services import s3
from ministack.services.cloudformation import provisioners

from . import scratch

_TYPE = "AWS::S3::Bucket"
_PROBE = {
    "ServerSideEncryptionConfiguration": [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
    ]
}


def needed():
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        handler = provisioners._RESOURCE_HANDLERS[_TYPE]
        name, _attributes = handler["create"](
            "Probe", {"BucketName": "fileworks-probe", "BucketEncryption": _PROBE}, "probe"
        )
        try:
            return s3._bucket_default_sse_headers(name).get("x-amz-server-side-encryption") != "aws:kms"
        finally:
            handler["delete"](name, {})


def apply():
    handler = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handler["create"], handler["update"]

    def create_encrypted(logical_id, properties, stack_name):
        name, attributes = create(logical_id, properties, stack_name)
        _store(name, properties)
        return name, attributes

    def update_encrypted(physical_id, old, new, stack_name, **options):
        name, attributes = update(physical_id, old, new, stack_name, **options)
        _store(name, new)
        return name, attributes

    handler["create"], handler["update"] = create_encrypted, update_encrypted


def _store(bucket, properties):
    rules = (properties.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration")
    if not rules:
        s3._delete_bucket_encryption(bucket)
        return
    root = Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for rule in rules:
        element = SubElement(root, "Rule")
        default = SubElement(element, "ApplyServerSideEncryptionByDefault")
        for name, text in (rule.get("ServerSideEncryptionByDefault") or {}).items():
            SubElement(default, name).text = str(text)
        SubElement(element, "BucketKeyEnabled").text = str(rule.get("BucketKeyEnabled", False)).lower()
    s3._put_bucket_encryption(bucket, tostring(root))
