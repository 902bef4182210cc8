"""CloudFormation types that attach a policy and that the emulator lacks: a denial must not hang on the type of its policy.

No report upstream; ministack 1.5.33 has no handler for them.
"""

import json

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

# The same policy as another type, which names its owners as a list.
_LIKE = {
    "AWS::IAM::RolePolicy": ("AWS::IAM::Policy", "RoleName", "Roles"),
    "AWS::IAM::UserPolicy": ("AWS::IAM::Policy", "UserName", "Users"),
    "AWS::SQS::QueueInlinePolicy": ("AWS::SQS::QueuePolicy", "Queue", "Queues"),
    "AWS::SNS::TopicInlinePolicy": ("AWS::SNS::TopicPolicy", "TopicArn", "Topics"),
}
_SECRET_POLICY = "AWS::SecretsManager::ResourcePolicy"


def needed():
    return any(name not in provisioners._RESOURCE_HANDLERS for name in (*_LIKE, _SECRET_POLICY))


def apply():
    handlers = provisioners._RESOURCE_HANDLERS
    for name, (like, owner, owners) in _LIKE.items():
        handlers.setdefault(name, _as(handlers[like], owner, owners))
    handlers.setdefault(_SECRET_POLICY, {"create": _put_secret_policy, "update": _update_secret_policy, "delete": _delete_secret_policy})


def _as(handler, owner, owners):
    def several(props):
        return {**props, owners: [props[owner]]} if props.get(owner) else props

    return {
        **handler,
        "create": lambda logical_id, props, stack_name: handler["create"](logical_id, several(props), stack_name),
        "update": lambda physical_id, old, new, *rest: handler["update"](physical_id, several(old), several(new), *rest),
        "delete": lambda physical_id, props, *rest: handler["delete"](physical_id, several(props), *rest),
    }


def _put_secret_policy(_logical_id, props, _stack_name):
    document = json.dumps(props["ResourcePolicy"])
    status, _headers, body = secretsmanager._put_resource_policy({"SecretId": props["SecretId"], "ResourcePolicy": document})
    if status != 200:
        raise ValueError(f"{_SECRET_POLICY}: {body.decode()}")
    return props["SecretId"], {}


def _update_secret_policy(physical_id, old, new, stack_name):
    if old["SecretId"] != new["SecretId"]:
        _delete_secret_policy(physical_id, old)
    return _put_secret_policy("", new, stack_name)


def _delete_secret_policy(_physical_id, props):
    secretsmanager._delete_resource_policy({"SecretId": props["SecretId"]})
