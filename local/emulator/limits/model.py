"""Requests that violate the API models of AWS: required members, lengths, ranges, enums and patterns.

The models are those of botocore, which the emulator installs. AWS publishes the same constraints in the API reference
of each operation, and answers with the same sentence for all:
https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html (ValidationError).
"""

import functools
import gzip
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote

import botocore

from .refusal import Refused

_CODES = {
    "events": "ValidationException",
    "iam": "ValidationError",
    "lambda": "ValidationException",
    "logs": "InvalidParameterException",
    "scheduler": "ValidationException",
    "stepfunctions": "ValidationException",
}
"""Models of botocore, with the code that the service answers. Of the others, SQS, S3, ECS and SNS answer every violation
with a message of its own, and the emulator validates DynamoDB itself."""


def check(service, method, path, headers, body, query):
    """Raise Refused if the request violates the model of its operation."""
    operation, members = _request(service, method, path, headers, body, query)
    validate = operation and _validator(service, operation)
    if validate:
        problems = []
        validate(members, "", problems)
        if problems:
            count = f"{len(problems)} validation error{'s'[:len(problems) > 1]} detected: "
            raise Refused(_CODES[service], count + "; ".join(problems))


# ── The request ─────────────────────────────────────────────


def _request(service, method, path, headers, body, query):
    """Name of the operation, and its members; None for what the model does not describe."""
    protocol = _model(service)["metadata"]["protocol"]
    if protocol == "query":
        # The members of lists and structures are not checked: their names are flattened in this protocol.
        form = {**parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True), **query}
        return form.pop("Action", [None])[0], {name: values[0] for name, values in form.items()}
    if protocol == "json":
        return headers.get("x-amz-target", "").rpartition(".")[2], _document(body)
    name, in_path, has_payload = _route(service, method, path)
    return name, {**({} if has_payload else _document(body)), **in_path}


@functools.lru_cache(maxsize=1_024)
def _route(service, method, path):
    """The operation of a request, the members in its path, and whether its body is no document."""
    for name, verb, pattern, has_payload in _routes(service):
        match = verb == method and pattern.fullmatch(path)
        if match:
            return name, {member: unquote(value) for member, value in match.groupdict().items()}, has_payload
    return None, {}, True


def _document(body):
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


@functools.cache
def _routes(service):
    """Of each operation its name, method, path, and whether its body is a payload. Longer paths first."""
    model = _model(service)
    routes = []
    for name, operation in model["operations"].items():
        uri = operation["http"]["requestUri"].partition("?")[0]
        shape = model["shapes"].get(operation.get("input", {}).get("shape"), {})
        names = {member.get("locationName", key): key for key, member in shape.get("members", {}).items()}
        pattern = "".join(
            f"(?P<{names[part[1:-1].rstrip('+')]}>{'.+' if part.endswith('+}') else '[^/]+'})" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]+\})", uri)
        )
        routes.append((name, operation["http"]["method"], re.compile(pattern), "payload" in shape))
    return sorted(routes, key=lambda route: -len(route[2].pattern))


# ── The model ───────────────────────────────────────────────


@functools.cache
def _model(service):
    versions = sorted((Path(botocore.__file__).parent / "data" / service).glob("*/service-2.json.gz"))
    return json.loads(gzip.decompress(versions[-1].read_bytes()))


@functools.cache
def _validator(service, operation):
    model = _model(service)
    shape = model["operations"].get(operation, {}).get("input")
    return shape and _Shapes(model["shapes"], model["metadata"]["protocol"]).validator(shape["shape"])


class _Shapes:
    """Makes functions (value, path, problems) of the shapes of a model; None for a shape without constraints."""

    def __init__(self, shapes, protocol):
        self._shapes = shapes
        self._flat = protocol == "query"
        self._made = {}

    def validator(self, name):
        if name not in self._made:
            # A shape may contain itself.
            self._made[name] = lambda *args: self._made[name](*args)
            self._made[name] = self._make(self._shapes[name])
        return self._made[name]

    def _make(self, shape):
        kind = shape["type"]
        if kind == "structure":
            return self._structure(shape)
        if kind in ("list", "map"):
            return None if self._flat else self._collection(shape)
        return _scalar(shape)

    def _structure(self, shape):
        # Members in headers and in the query string are not read here.
        described = {name: member for name, member in shape["members"].items() if member.get("location") in (None, "uri")}
        names = {name: member.get("locationName", name) if member.get("location") is None else name for name, member in described.items()}
        required = [name for name in shape.get("required", ()) if name in described]
        validators = [(name, self.validator(member["shape"])) for name, member in described.items()]
        validators = [(name, validator) for name, validator in validators if validator]
        if not required and not validators:
            return None

        def validate(value, path, problems):
            if not isinstance(value, dict):
                return
            for name in required:
                if value.get(names[name]) is None and not (self._flat and _is_flattened(names[name], value)):
                    problems.append(f"Value null at '{_at(path, name)}' failed to satisfy constraint: Member must not be null")
            for name, validator in validators:
                if value.get(names[name]) is not None:
                    validator(value[names[name]], _at(path, name), problems)

        return validate

    def _collection(self, shape):
        member = self.validator((shape.get("member") or shape.get("value"))["shape"])
        key = self.validator(shape["key"]["shape"]) if "key" in shape else None
        size = _size(shape)
        if not (member or key or size):
            return None

        def validate(value, path, problems):
            if not isinstance(value, (list, dict)):
                return
            if size:
                size(value, len(value), path, problems)
            items = value.items() if isinstance(value, dict) else enumerate(value, 1)
            for position, item in items:
                if key:
                    key(position, path, problems)
                if member and item is not None:
                    member(item, f"{path}.{position}.member", problems)

        return validate


def _is_flattened(name, form):
    return any(key.startswith(f"{name}.") for key in form)


def _at(path, name):
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _scalar(shape):
    kind = shape["type"]
    if kind in ("integer", "long", "float", "double"):
        bounds = _bounds(shape, "value")
        return bounds and (lambda value, path, problems: bounds(value, value, path, problems) if _is_number(value) else None)
    size, enum, pattern = _size(shape), shape.get("enum"), _pattern(shape.get("pattern"))
    if kind != "string" or not (size or enum or pattern):
        return None
    secret = shape.get("sensitive")

    def validate(value, path, problems):
        if not isinstance(value, str):
            return
        found = "Value" if secret else f"Value '{value}'"
        if size:
            size(value, len(value), path, problems, found)
        if enum and value not in enum:
            problems.append(f"{found} at '{path}' failed to satisfy constraint: Member must satisfy enum value set: [{', '.join(enum)}]")
        if pattern and not pattern.fullmatch(value):
            problems.append(f"{found} at '{path}' failed to satisfy constraint: Member must satisfy regular expression pattern: {shape['pattern']}")

    return validate


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _size(shape):
    return _bounds(shape, "length")


def _bounds(shape, what):
    low, high = shape.get("min"), shape.get("max")
    if low is None and high is None:
        return None

    def validate(value, measured, path, problems, found=None):
        found = found or f"Value '{value}'"
        word = "have length" if what == "length" else "have value"
        if high is not None and measured > high:
            problems.append(f"{found} at '{path}' failed to satisfy constraint: Member must {word} less than or equal to {high}")
        if low is not None and measured < low:
            problems.append(f"{found} at '{path}' failed to satisfy constraint: Member must {word} greater than or equal to {low}")

    return validate


@functools.cache
def _pattern(text):
    try:
        return re.compile(text) if text else None
    except re.error:
        return None  # A construct of Java's expressions that Python lacks.
