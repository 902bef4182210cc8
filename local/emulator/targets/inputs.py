"""The input of a target whose call takes parameters: constant, or made from the event."""

import json

from ministack.services import eventbridge

from .errors import DeliveryError


def parameters(target, event, rule, view):
    """The object in the input; empty when it is another JSON value. Raises `DeliveryError` when it is not JSON."""
    if target.get("InputTransformer"):
        view = view or eventbridge._pattern_event_view(event)
        text = eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
    else:
        text = target.get("Input") or "{}"
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DeliveryError("INVALID_JSON", f"the input of the target is not JSON: {error}", api_code="ValidationException") from None
    return found if isinstance(found, dict) else {}
