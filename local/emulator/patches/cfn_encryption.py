"""The encryption of buckets and tables in a template is dropped, so no caller needs their keys.

Superfluous when ministack's provisioners store `BucketEncryption` and `SSESpecification`, as PutBucketEncryption and
CreateTable do. No report upstream; ministack 1.5.33.
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.core.responses import request_scope
from ministack.services import dynamodb, s3
from ministack.services.cloudformation import provisioners

from . import scratch

_BUCKET = "AWS::S3::Bucket"
_TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
_RULE = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}


def needed():
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        handler = provisioners._RESOURCE_HANDLERS[_BUCKET]
        encryption = {"ServerSideEncryptionConfiguration": [_RULE]}
        name, _attributes = handler["create"]("Probe", {"BucketName": "probe", "BucketEncryption": encryption}, "probe")
        try:
            return s3._bucket_default_sse_headers(name).get("x-amz-server-side-encryption") != "aws:kms"
        finally:
            handler["delete"](name, {})


def apply():
    _store_after(_BUCKET, _store_bucket)
    for name in _TABLES:
        _store_after(name, _store_table)


def _store_after(resource_type, store):
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handler["create"], handler.get("update")

    def create_encrypted(logical_id, properties, stack_name):
        name, attributes = create(logical_id, properties, stack_name)
        store(name, properties)
        return name, attributes

    def update_encrypted(physical_id, old, new, stack_name, **options):
        name, attributes = update(physical_id, old, new, stack_name, **options)
        store(name, new)
        return name, attributes

    handler["create"] = create_encrypted
    if update:
        handler["update"] = update_encrypted


def _store_bucket(bucket, properties):
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


def _store_table(table, properties):
    specification = dict(properties.get("SSESpecification") or {})
    for replica in properties.get("Replicas") or ():
        # A global table names the key of each replica.
        specification |= replica.get("SSESpecification") or {}
    if specification:
        enabled = str(specification.get("SSEEnabled", False)).lower() == "true"
        described = dynamodb._sse_description_from_spec({**specification, "Enabled": enabled})
        dynamodb._tables[table]["SSEDescription"] = described
