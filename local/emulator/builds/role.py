"""What CodeBuild does with the role of a project.

https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html#customer-managed-policies-example-create-vpc-network-interface
"""

from authorization import gate, identities
from ministack.services import cloudwatch_logs, sts

from .failure import BuildFailed

CODEBUILD = "codebuild.amazonaws.com"


class Role:
    def __init__(self, arn, project_arn):
        self._arn, self._project_arn = arn, project_arn
        self._region, self._account = project_arn.split(":")[3:5]

    def call(self, action, resource, context=None, *, reason="{message}", code="ACCESS_DENIED"):
        """Raises `BuildFailed` when the role may not; `{message}` in the reason stands for what IAM answers."""
        try:
            gate.role_call(self._arn, CODEBUILD, action, resource, context, source_arn=self._project_arn)
        except gate.Denied as denied:
            raise BuildFailed(code, reason.replace("{message}", denied.message)) from denied

    def session(self, name):
        """The credentials of a session of the role, as environment variables."""
        try:
            gate.assume(self._arn, CODEBUILD, source_arn=self._project_arn)
        except gate.Denied as denied:
            raise BuildFailed("ACCESS_DENIED", f"CodeBuild is not authorized to perform: sts:AssumeRole on {self._arn}") from denied
        key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
        role = identities.role_name(self._arn)
        sts.register_session(key, {
            "Arn": f"arn:aws:sts::{self._account}:assumed-role/{role}/{name}", "UserId": f"{role}:{name}",
            "SecretAccessKey": secret, "SessionToken": token,
        })
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    def open_log(self, group, stream, build_arn):
        arn = f"arn:aws:logs:{self._region}:{self._account}:log-group:{group}"
        reason = (
            f"Service role {self._arn} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build {build_arn}. "
            "Error message: {message}"
        )
        if group not in cloudwatch_logs._log_groups:
            self.call("logs:CreateLogGroup", arn, reason=reason)
            cloudwatch_logs._create_log_group({"logGroupName": group})
        self.call("logs:CreateLogStream", f"{arn}:log-stream:{stream}", reason=reason)
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
        self.call("logs:PutLogEvents", f"{arn}:log-stream:{stream}", reason=reason)

    def make_interface(self, vpc, subnet, interface):
        """The network interface of a build in a VPC. `ec2:Subnet` is a key of CreateNetworkInterfacePermission."""
        subnet_arn = self._ec2(f"subnet/{subnet}")
        for name in ("DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeDhcpOptions"):
            self._network(name, "*")
        for resource in (f"subnet/{subnet}", *(f"security-group/{group}" for group in vpc["securityGroupIds"]), "network-interface/*"):
            self._network("CreateNetworkInterface", self._ec2(resource))
        keys = {"ec2:AuthorizedService": CODEBUILD, "ec2:Subnet": subnet_arn}
        self._network("CreateNetworkInterfacePermission", self._ec2(f"network-interface/{interface}"), keys)
        self._network("DescribeNetworkInterfaces", "*")

    def delete_interface(self, interface):
        self._network("DeleteNetworkInterface", self._ec2(f"network-interface/{interface}"))

    def _network(self, name, resource, context=None):
        # https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting-vpc.html
        reason = "Unexpected EC2 error: UnauthorizedOperation: {message}"
        self.call(f"ec2:{name}", resource, context, reason=reason, code="VPC_CLIENT_ERROR")

    def _ec2(self, resource):
        return f"arn:aws:ec2:{self._region}:{self._account}:{resource}"
