import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { assumeWithToken } from '../../../test/e2e/support/github-actions';
import { LocalCloud } from '../../src';
import { writeApp } from '../support/app';
import { TOOLS, until } from '../support/cloud';

jest.setTimeout(120_000);

const ISSUER = 'token.actions.githubusercontent.com';
const SUBJECT = 'repo:acme/shop:ref:refs/heads/main';

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await LocalCloud.start({
    app: writeApp({ Empty: { Resources: { Topic: { Type: 'AWS::SNS::Topic' } } } }),
    toolsDir: TOOLS,
  });
  const iam = new IAMClient(cloud.clientConfig());
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${cloud.account}:oidc-provider/${ISSUER}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com', [`${ISSUER}:sub`]: [SUBJECT] } },
      },
    ],
  };
  await iam.send(new CreateRoleCommand({ RoleName: 'workflow', AssumeRolePolicyDocument: JSON.stringify(trust) }));
  iam.destroy();
});

afterAll(() => cloud.stop());

const assume = (claims: object) => assumeWithToken(cloud, `arn:aws:iam::${cloud.account}:role/workflow`, 'run', claims);

test('a token whose claims meet the trust policy gets a session of the role', async () => {
  const credentials = await assume({ iss: `https://${ISSUER}`, aud: 'sts.amazonaws.com', sub: SUBJECT });
  const sts = new STSClient({ ...cloud.clientConfig(), credentials });
  const { Arn: arn } = await sts.send(new GetCallerIdentityCommand({}));
  sts.destroy();
  expect(arn).toBe(`arn:aws:sts::${cloud.account}:assumed-role/workflow/run`);
  const [call] = await cloud.authorizedCalls();
  expect(call).toMatchObject({
    principal: `arn:aws:iam::${cloud.account}:oidc-provider/${ISSUER}`,
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: `arn:aws:iam::${cloud.account}:role/workflow`,
  });
  expect(await cloud.judge([call])).toEqual([true]);
});

test.each([
  ['another issuer', { iss: 'https://gitlab.com', aud: 'sts.amazonaws.com', sub: SUBJECT }],
  ['another audience', { iss: `https://${ISSUER}`, aud: 'other', sub: SUBJECT }],
  ['another branch', { iss: `https://${ISSUER}`, aud: 'sts.amazonaws.com', sub: `${SUBJECT}-2` }],
])('refuses a token of %s', async (_, claims) => {
  await expect(assume(claims)).rejects.toMatchObject({ name: 'AccessDenied' });
  // Reported once, after the answer
  await until(() => cloud.denials().at(-1)?.action === 'sts:AssumeRoleWithWebIdentity', 'the denial');
});
