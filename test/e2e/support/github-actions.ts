import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientConfig, LocalCloud } from 'fileworks-local';

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A token as GitHub issues it to a workflow of a branch; its signature is not checked here. */
function tokenOf(repository: string, branch: string): string {
  const claims = {
    iss: 'https://token.actions.githubusercontent.com',
    aud: 'sts.amazonaws.com',
    sub: `repo:${repository}:ref:refs/heads/${branch}`,
  };
  return `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded(claims)}.${encoded({})}`;
}

/** The configuration of clients with a session of the role, as `aws-actions/configure-aws-credentials` gets it. */
export async function asWorkflow(
  cloud: LocalCloud,
  role: string,
  repository: string,
  branch: string,
): Promise<ClientConfig> {
  const sts = new STSClient(cloud.clientConfig());
  // The call is not signed; the local cloud wants its token nevertheless
  sts.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-security-token'] = cloud.credentials.sessionToken;
      return next(args);
    },
    { step: 'build' },
  );
  try {
    const { Credentials: found } = await sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: role,
        RoleSessionName: 'GitHubActions',
        WebIdentityToken: tokenOf(repository, branch),
      }),
    );
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = found ?? {};
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    return { ...cloud.clientConfig(), credentials };
  } finally {
    sts.destroy();
  }
}
