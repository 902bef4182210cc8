"""AssumeRoleWithWebIdentity: the trust policy of the role decides, by the claims of the token.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
"""

from ministack.core.responses import error_response_json
from ministack.services import sts

from . import gate
from .hooks import permitted


def apply():
    judge = sts._web_identity_trust_denied

    def denied(role_arn, params, use_json):
        if gate.mode == gate.OFF:
            return judge(role_arn, params, use_json)
        provider, keys = sts._web_identity_principal(sts._p(params, "WebIdentityToken"), sts._p(params, "ProviderId"), role_arn)
        if permitted(gate.web_identity, provider, role_arn, keys):
            return None
        message = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
        return error_response_json("AccessDenied", message, 403) if use_json else sts._error(403, "AccessDenied", message, ns="sts")

    sts._web_identity_trust_denied = denied
