"""The buildspec of a build.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import os

import yaml

from .failure import BuildFailed

PHASES = ("install", "pre_build", "build", "post_build")
_SHELLS = ("sh", "bash")


class Phase:
    def __init__(self, name, block):
        if not isinstance(block or {}, dict):
            raise _wrong(f"phases.{name} must be an object")
        block = block or {}
        self.commands, self.last = (_texts(f"phases.{name}.{member}", block.get(member)) for member in ("commands", "finally"))
        if block.get("on-failure", "ABORT") != "ABORT":
            raise _wrong(f"phases.{name}.on-failure must be ABORT here, got: {block['on-failure']}")


class Spec:
    def __init__(self, document):
        if not isinstance(document, dict) or str(document.get("version")) != "0.2":
            raise _wrong("it must be an object with version 0.2")
        env, phases = (document.get(name) or {} for name in ("env", "phases"))
        if not isinstance(env, dict) or not isinstance(phases, dict):
            raise _wrong("env and phases must be objects")
        self.shell = env.get("shell", "sh")
        if self.shell not in _SHELLS:
            raise _wrong(f"env.shell must be {' or '.join(_SHELLS)} here, got: {self.shell}")
        self.variables = _mapping("env.variables", env.get("variables"))
        self.parameters = _mapping("env.parameter-store", env.get("parameter-store"))
        self.secrets = _mapping("env.secrets-manager", env.get("secrets-manager"))
        unknown = sorted(set(phases) - set(PHASES))
        if unknown:
            raise _wrong(f"phases has {', '.join(map(str, unknown))}; the phases are {', '.join(PHASES)}")
        self.phases = {name: Phase(name, phases.get(name)) for name in PHASES}


def read(source, given):
    """Reads `given`: a buildspec, or the path of one in the source."""
    text = given or "buildspec.yml"
    if "\n" not in text and not text.lstrip().startswith("{"):
        path = os.path.realpath(os.path.join(source, text))
        if not path.startswith(f"{os.path.realpath(source)}/") or not os.path.isfile(path):
            raise _wrong(f"stat {text}: no such file in the source")
        with open(path, encoding="utf-8") as file:
            text = file.read()
    try:
        return Spec(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise _wrong(str(error)) from None


def _mapping(at, value):
    if not isinstance(value or {}, dict):
        raise _wrong(f"{at} must map names to values")
    return {str(name): _text(each) for name, each in (value or {}).items()}


def _texts(at, value):
    if not isinstance(value or [], list):
        raise _wrong(f"{at} must be a list of commands")
    return [_text(each) for each in value or []]


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrong(problem):
    return BuildFailed("YAML_FILE_ERROR", f"the buildspec: {problem}")
