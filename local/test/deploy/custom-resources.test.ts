import { LocalCloud } from '../../src';
import { copyApp, editTemplate, TOOLS } from '../support/cloud';

jest.setTimeout(120_000);

/** The fixture app with a custom resource whose function has this code. */
function appWith(code: string): string {
  const app = copyApp();
  editTemplate(app, 'Network', ({ Resources, Outputs }) => {
    const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } };
    const list = { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' };
    Resources.ProviderRole = {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trust] },
        Policies: [{ PolicyName: 'List', PolicyDocument: { Version: '2012-10-17', Statement: [list] } }],
      },
    };
    Resources.Provider = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: { 'Fn::GetAtt': ['ProviderRole', 'Arn'] },
        Code: { ZipFile: code },
      },
    };
    Resources.Probe = {
      Type: 'Custom::Probe',
      Properties: { ServiceToken: { 'Fn::GetAtt': ['Provider', 'Arn'] } },
    };
    Outputs.Buckets = { Value: { 'Fn::GetAtt': ['Probe', 'Buckets'] } };
  });
  return app;
}

test('a function has the AWS SDK of its runtime, without a bundle', async () => {
  const cloud = await LocalCloud.start({
    toolsDir: TOOLS,
    app: appWith(`
      const { ListBucketsCommand, S3Client } = require('@aws-sdk/client-s3');
      exports.handler = async ({ ResponseURL }) => {
        const { Buckets } = await new S3Client({}).send(new ListBucketsCommand({}));
        const answer = { Status: 'SUCCESS', PhysicalResourceId: 'probe', Data: { Buckets: Buckets.length } };
        await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify(answer) });
      };`),
  });
  try {
    expect(Number(cloud.outputs('Network').Buckets)).toBeGreaterThanOrEqual(1);
  } finally {
    await cloud.stop();
  }
});

test('fails at once when the function of a custom resource cannot start, and says why', async () => {
  await expect(
    LocalCloud.start({ toolsDir: TOOLS, app: appWith("require('nowhere'); exports.handler = async () => undefined;") }),
  ).rejects.toThrow(
    /stack Network ended in ROLLBACK_COMPLETE: Probe \(Custom::Probe\): its function failed: .*Cannot find module 'nowhere'.*; logs are in/,
  );
});
