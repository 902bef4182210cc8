"""What every call passes: the decision, its record for `calls()`, and the refusal.

A call of code in a task or a function arrives in `api_call`. An AWS service acts with a role of the app (`role_call`),
or as itself by the policy of a resource (`service_call`).
"""

import datetime
import itertools
import os
import time
from collections.abc import Mapping

import failures
import reports
from ministack.core.responses import get_account_id, get_region

from . import identities, kms, resources, usage
from .evaluator import Policies, Request, judge

ENFORCE, AUDIT, OFF = "enforce", "audit", "off"

mode = os.environ.get("FILEWORKS_AUTHORIZATION", OFF)
"""`enforce` refuses what AWS would refuse, `audit` only reports it, `off` does neither."""

_NO_POLICIES = (), (), False
_denials = set()


class Denied(Exception):
    """A refused call, in AWS's words; `hint` names the statement that is missing or denies."""

    def __init__(self, request, verdict):
        reason = (
            f"with an explicit deny in {verdict.statements[0][0]}" if verdict.explicit and verdict.statements
            else f"because no {'resource' if '.amazonaws.com' in request.principal else 'identity'}-based policy allows the {request.action} action"
        )
        super().__init__(f"User: {request.principal} is not authorized to perform: {request.action} on resource: {request.resource} {reason}")
        self.message = str(self)
        self.principal, self.action, self.resource, self.hint = request.principal, request.action, request.resource, verdict.reason


class Failed(Denied):
    """A call that `faults.failNext` fails, although its policies allow it; `code` and `status` are those of the error."""

    def __init__(self, request, failure):
        Exception.__init__(self, failure["message"])
        self.message, self.code, self.status = failure["message"], failure["error"], failure["status"]
        self.principal, self.action, self.resource, self.hint = request.principal, request.action, request.resource, "by failNext"

    @property
    def transient(self):
        """Whether a service tries again: after throttles, errors of the server, and a connection that ends."""
        return self.status in (0, 429) or self.status >= 500 or "Throttl" in self.code or "Throughput" in self.code


def api_call(arn, action, resource, context, region, session=None):
    """The request and the verdict for a call of a role session or a user over HTTP; None for an account root, which may do everything."""
    caller = identities.of(arn, session)
    if caller is None:
        return None
    own, keys = caller
    return _reported(*_judged(arn, identities.account_of(arn), own, action, resource, keys | dict(context), region))


def may(arn, action, resource, region, session=None):
    """Whether a caller may also do this, where AWS answers less to one that may not: no call, and no denial to report."""
    caller = identities.of(arn, session)
    if caller is None:
        return True
    own, keys = caller
    return _judged(arn, identities.account_of(arn), own, action, resource, keys, region)[1].allowed


def again(principal, account, action, resource, context):
    """Whether a recorded call would be allowed by the policies of now."""
    own = identities.of(principal)[0] if principal.startswith("arn:") else _NO_POLICIES
    return _judged(principal, account, own, action, resource, context, context["aws:RequestedRegion"])[1].allowed


def role_call(role_arn: str, service: str, action: str, resource: str, context: Mapping | None = None, *, source_arn: str) -> None:
    """A call that `service` makes with a role of the app, for `source_arn`: a state machine, a schedule, a rule or a task.

    The trust policy of the role must let the service assume it, and its policies must allow the action.
    Raises `Denied`, and `Failed` as `faults.failNext` asks for.
    """
    if mode == OFF:
        return
    region = source_arn.split(":")[3]
    assume(role_arn, service, source_arn=source_arn)
    name, account = identities.role_name(role_arn), identities.account_of(role_arn)
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{service.split('.')[0]}"
    own, keys = identities.of(arn)
    for each, on, more in ((action, resource, dict(context or {})), *implied(action, resource, account)):
        _refuse(*_judged(arn, account, own, each, on, keys | more, region), by=service)


def assume(role_arn: str, service: str, *, source_arn: str) -> None:
    """`sts:AssumeRole` by a service: the trust policy of the role must allow it. Raises `Denied`."""
    if mode == OFF:
        return
    account = identities.account_of(role_arn)
    keys = _service_keys(service, source_arn, source_arn.split(":")[4] or account)
    _refuse(*_judged(service, account, _NO_POLICIES, "sts:AssumeRole", role_arn, keys, source_arn.split(":")[3]), by=service)


def web_identity(provider: str, role_arn: str, keys: Mapping) -> None:
    """`sts:AssumeRoleWithWebIdentity` with a token of `provider`; `keys` are its claims. Raises `Denied`."""
    account = identities.account_of(role_arn)
    _refuse(*_judged(provider, account, _NO_POLICIES, "sts:AssumeRoleWithWebIdentity", role_arn, dict(keys), get_region()), by="sts.amazonaws.com")


def service_call(service: str, action: str, resource: str, context: Mapping | None = None, *, source_arn: str) -> None:
    """A call that `service` makes as itself, for `source_arn`: the policy of the resource must allow it. Raises `Denied`."""
    if mode == OFF:
        return
    region, account = source_arn.split(":")[3], source_arn.split(":")[4]
    if not account:
        # The ARN of a bucket names no account.
        region, account = get_region(), get_account_id()
    keys = _service_keys(service, source_arn, account) | dict(context or {})
    _refuse(*_judged(service, account, _NO_POLICIES, action, resource, keys, region), by=service)
    if service == "events.amazonaws.com" and action == "sns:Publish":
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
        keys = {name: value for name, value in keys.items() if name not in ("aws:SourceArn", "aws:SourceAccount")}
    for each, key, more in implied(action, resource):
        _refuse(*_judged(service, account, _NO_POLICIES, each, key, keys | more, region), by=service)


def implied(action, resource, account=None):
    """The calls of KMS that a call on an encrypted resource implies; `account` is the caller's, and None for a service."""
    for each, key, context in kms.needs(action, resource):
        if account is None:
            # The resource's service passes the caller on, not itself.
            yield each, key, {name: value for name, value in context.items() if name != "kms:ViaService"}
        else:
            yield each, key, context | {"kms:CallerAccount": account}


def _service_keys(service, source_arn, account):
    return {
        "aws:SourceArn": source_arn, "aws:SourceAccount": account,
        "aws:PrincipalServiceName": service, "aws:PrincipalIsAWSService": "true", "aws:ViaAWSService": "false",
    }


def _judged(principal, account, own, action, resource, context, region):
    identity, limits, bounded = own
    policy, owner, must_allow = resources.policy_of(action, resource, account, region)
    policies = Policies(identity, limits, policy, owner, must_allow, bounded)
    now = datetime.datetime.now(datetime.timezone.utc)
    context = {
        "aws:CurrentTime": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": region,
        # SDKs use TLS on AWS; the emulator has none.
        "aws:SecureTransport": "true",
        "aws:ResourceAccount": owner or account,
        **({"s3:ResourceAccount": owner or account} if action.startswith("s3:") else {}),
        **context,
    }
    if any(map(identities.asks_for_tags, (*identity, *itertools.chain(*limits), policy))):
        context |= resources.tags_of(resource, owner or account, region)
    request = Request(principal, account, action, resource, context)
    verdict = judge(request, policies)
    usage.note(request, policies, verdict)
    return request, verdict


def _refuse(request, verdict, by):
    _reported(request, verdict)
    permitted = verdict.allowed or mode == AUDIT
    failure = failures.take({request.action}, request.resource, for_service=True) if permitted else None
    call = {
        "time": round(time.time() * 1000), "service": request.action.split(":")[0], "action": request.action, "resource": request.resource,
        "region": request.context["aws:RequestedRegion"], "status": failure["status"] if failure else 200 if permitted else 403, "by": by,
    }
    reports.send("call", {"call": call | identity_of(request.principal) | outcome_of(verdict)})
    if not permitted:
        raise Denied(request, verdict)
    if failure:
        raise Failed(request, failure)


def identity_of(principal):
    """Role and session of a caller, as `calls()` names them."""
    name = identities.role_name(principal) if principal.startswith("arn:") else ""
    if not name:
        return {}
    return {"role": f"arn:aws:iam::{identities.account_of(principal)}:role/{name}", "session": principal.rsplit("/", 1)[-1]}


def outcome_of(verdict):
    return {} if verdict is None or verdict.allowed else {"denied": verdict.reason}


def _reported(request, verdict):
    """Report each missing statement once, however often it is missed."""
    name = identities.role_name(request.principal) if request.principal.startswith("arn:") else request.principal
    resource = request.resource.split("/", 1)[0] if request.resource.startswith("arn:aws:s3:::") else request.resource
    if not verdict.allowed and (name, request.action, resource) not in _denials:
        _denials.add((name, request.action, resource))
        reports.send("denial", {"denial": {
            "principal": request.principal, "action": request.action, "resource": request.resource, "reason": verdict.reason,
        }})
    return request, verdict
