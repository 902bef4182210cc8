"""A topic of a template gets a default policy without the condition on its owner, and loses its key.

Any service could publish to it: the default policy lets the owner's account alone, by `AWS:SourceOwner`.
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
Superfluous when ministack's provisioner creates topics as its CreateTopic does. No report upstream; ministack 1.5.33.
"""

import json

from ministack.core.responses import get_account_id, request_scope
from ministack.services import sns
from ministack.services.cloudformation import provisioners

from . import scratch

_TYPE = "AWS::SNS::Topic"


def needed():
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        handler = provisioners._RESOURCE_HANDLERS[_TYPE]
        arn, _attributes = handler["create"]("Probe", {"TopicName": "probe", "KmsMasterKeyId": "k"}, "probe")
        try:
            attributes = sns._topics[arn]["attributes"]
            return "SourceOwner" not in attributes["Policy"] or attributes.get("KmsMasterKeyId") != "k"
        finally:
            sns._topics.pop(arn, None)


def apply():
    handler = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handler["create"], handler["update"]

    def create_owned(logical_id, properties, stack_name):
        arn, attributes = create(logical_id, properties, stack_name)
        topic = sns._topics[arn]["attributes"]
        policy = json.loads(topic["Policy"])
        for statement in policy["Statement"]:
            statement["Condition"] = {"StringEquals": {"AWS:SourceOwner": get_account_id()}}
        topic["Policy"] = json.dumps(policy)
        _set_key(arn, properties)
        return arn, attributes

    def update_key(physical_id, old, new, stack_name, **options):
        arn, attributes = update(physical_id, old, new, stack_name, **options)
        _set_key(arn, new)
        return arn, attributes

    handler["create"], handler["update"] = create_owned, update_key
    # An update that replaces the topic creates the new one by this name.
    provisioners._sns_create = create_owned


def _set_key(arn, properties):
    attributes = sns._topics[arn]["attributes"]
    if properties.get("KmsMasterKeyId"):
        attributes["KmsMasterKeyId"] = properties["KmsMasterKeyId"]
    else:
        attributes.pop("KmsMasterKeyId", None)
