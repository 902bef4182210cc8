"""Environment variables whose values are in Secrets Manager or in Parameter Store, read with the role of the project.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.env.secrets-manager
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.env.parameter-store
"""

import json

from ministack.core.responses import get_account_id, get_region
from ministack.services import secretsmanager, ssm

from .failure import BuildFailed


def of(spec, project, overrides, role, local):
    """The variables of a build: those of StartBuild win over those of the project, and these over the buildspec.

    `local` maps paths in values of the buildspec to this machine.
    """
    found = {}
    for kind, named in (("PLAINTEXT", spec.variables), ("PARAMETER_STORE", spec.parameters), ("SECRETS_MANAGER", spec.secrets)):
        found |= {name: (kind, local(value) if kind == "PLAINTEXT" else value) for name, value in named.items()}
    for variable in (*(project.get("environment") or {}).get("environmentVariables", ()), *overrides):
        found[variable["name"]] = (variable.get("type", "PLAINTEXT"), variable["value"])
    read = {"PLAINTEXT": lambda value, _role: value, "PARAMETER_STORE": _parameter, "SECRETS_MANAGER": _secret}
    return {name: read[kind](value, role) for name, (kind, value) in found.items()}


def _secret(reference, role):
    """`reference` is `id:json key:version stage:version id`, all but the first optional."""
    parts = reference.split(":")
    of_id = 7 if reference.startswith("arn:") else 1
    secret_id = ":".join(parts[:of_id])
    key, stage, version = [*parts[of_id:], "", "", ""][:3]
    _stored, secret = secretsmanager._resolve(secret_id)
    arn = secret["ARN"] if secret else secret_id if of_id > 1 else f"arn:aws:secretsmanager:{get_region()}:{get_account_id()}:secret:{secret_id}"
    role.call("secretsmanager:GetSecretValue", arn, reason="Secrets Manager Error Message: AccessDeniedException: {message}", code="CLIENT_ERROR")
    request = {"SecretId": secret_id, **({"VersionStage": stage} if stage else {}), **({"VersionId": version} if version else {})}
    text = _answer(secretsmanager._get_secret_value(request), "Secrets Manager Error Message")["SecretString"]
    if not key:
        return text
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise BuildFailed("CLIENT_ERROR", f"Secrets Manager Error Message: {secret_id} has no key {key}") from None
    return value if isinstance(value, str) else json.dumps(value)


def _parameter(name, role):
    arn = name if name.startswith("arn:") else f"arn:aws:ssm:{get_region()}:{get_account_id()}:parameter/{name.lstrip('/')}"
    role.call("ssm:GetParameters", arn, reason="Parameter Store Error Message: AccessDeniedException: {message}", code="CLIENT_ERROR")
    found = _answer(ssm._get_parameters({"Names": [name], "WithDecryption": True}), "Parameter Store Error Message")["Parameters"]
    if not found:
        raise BuildFailed("CLIENT_ERROR", f"Parameter Store Error Message: there is no parameter {name}")
    return found[0]["Value"]


def _answer(answer, whose):
    status, _headers, body = answer
    parsed = json.loads(body)
    if status >= 400:
        raise BuildFailed("CLIENT_ERROR", f"{whose}: {parsed['__type']}: {parsed['message']}")
    return parsed
