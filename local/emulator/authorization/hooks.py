"""What the hooks on calls of services share."""

import logging

from ministack.services.cloudformation import provisioners

from . import gate

logger = logging.getLogger("fileworks.authorization")


def permitted(check, *call, **options):
    """Whether the gate lets a call pass. A refusal is logged: a service that acts by itself has no caller to answer.

    Such a service calls again after a transient error. Here it does so at once: AWS documents the delays of SNS only.
    """
    while True:
        try:
            check(*call, **options)
            return True
        except gate.Denied as denied:
            logger.info("denied: %s (%s)", denied.message, denied.hint)
            if not (isinstance(denied, gate.Failed) and denied.transient):
                return False


def before_resource(resource_type, check):
    """Run `check(properties)` before CloudFormation creates or updates a resource; an error fails the resource."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    for operation, position in (("create", 1), ("update", 2)):
        if operation in handler:
            handler[operation] = _checked(handler[operation], position, check)


def _checked(provision, position, check):
    def checked(*arguments, **options):
        check(arguments[position])
        return provision(*arguments, **options)

    return checked


class Refused(ValueError):
    """A call that a service refuses because of a role or a policy: `message` in the words of that service."""

    def __init__(self, message, denied):
        super().__init__(f"{message} ({denied.hint})")
        self.message = message
