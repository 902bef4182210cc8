import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientConfig, LocalCloud } from 'fileworks-local';

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** What the clients of a cloud need. */
type Cloud = Pick<LocalCloud, 'clientConfig' | 'credentials'>;

/** The credentials of a session of the role for a token with these claims; its signature is not checked here. */
export async function assumeWithToken(
  cloud: Cloud,
  role: string,
  session: string,
  claims: object,
): Promise<ClientConfig['credentials']> {
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
  const token = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded(claims)}.${encoded({})}`;
  try {
    const { Credentials: found } = await sts.send(
      new AssumeRoleWithWebIdentityCommand({ RoleArn: role, RoleSessionName: session, WebIdentityToken: token }),
    );
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = found ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  } finally {
    sts.destroy();
  }
}

/** The configuration of clients with a session of the role, as `aws-actions/configure-aws-credentials` gets it. */
export async function asWorkflow(
  cloud: Cloud,
  role: string,
  repository: string,
  branch: string,
): Promise<ClientConfig> {
  const claims = {
    iss: 'https://token.actions.githubusercontent.com',
    aud: 'sts.amazonaws.com',
    sub: `repo:${repository}:ref:refs/heads/${branch}`,
  };
  return { ...cloud.clientConfig(), credentials: await assumeWithToken(cloud, role, 'GitHubActions', claims) };
}
