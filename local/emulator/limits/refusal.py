"""What a check raises, and how checks get in front of the emulator's functions."""

from ministack.core.responses import error_response_json


class Refused(Exception):
    """The call is refused as AWS refuses it."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def checked(function, check, answer=None):
    """`function` behind `check`, which gets the same arguments; a refusal becomes the answer (JSON by default)."""

    def first_check(*args, **kwargs):
        try:
            check(*args, **kwargs)
        except Refused as refused:
            return (answer or as_json)(refused)
        return function(*args, **kwargs)

    return first_check


def guard(module, name, check, answer=None):
    """Put `check` in front of `module.name`, for every caller: the API, CloudFormation and other services."""
    setattr(module, name, checked(getattr(module, name), check, answer))


def as_json(refused):
    return error_response_json(refused.code, refused.message, refused.status)
