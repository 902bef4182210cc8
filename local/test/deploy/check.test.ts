import type { StackArtifact } from '../../src/deploy/assembly';
import { Deployer } from '../../src/deploy/deployer';
import type { TemplateFindings } from '../../src/emulator/emulator';

const stack = (name: string): StackArtifact => ({
  name,
  template: { Resources: { Queue: { Type: 'AWS::SQS::Queue' } } },
  parameters: { Mode: 'strict' },
  tags: {},
  environment: { account: '000000000000', region: 'us-east-1' },
  files: [],
  images: [],
});

test('what AWS would refuse of any stack stops the deployment before its first request', async () => {
  const findings: Record<string, TemplateFindings> = {
    First: { errors: [], notes: ['Policy names sqs:Nothing'] },
    Second: { errors: ['Policy is wrong', 'Key is wrong'], notes: [] },
  };
  const lines: string[] = [];
  const deployer = new Deployer({
    // Nothing listens there: a request would fail with another error
    clientConfig: ({ region }) => ({
      endpoint: 'http://127.0.0.1:1',
      region,
      credentials: { accessKeyId: '', secretAccessKey: '', sessionToken: '' },
      forcePathStyle: true,
    }),
    knownTypes: undefined,
    logDir: '/logs',
    check: ({ name }) => Promise.resolve(findings[name]),
    line: (line) => lines.push(line),
  });
  await expect(deployer.deploy([stack('First'), stack('Second')])).rejects.toMatchObject({
    code: 'TemplateRefused',
    message: 'AWS would refuse the app:\nstack Second: Policy is wrong\nstack Second: Key is wrong',
  });
  expect(lines).toEqual(['First: Policy names sqs:Nothing']);
});
