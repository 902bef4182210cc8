import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { LocalCloud } from '../../src';
import { TOOLS, until } from '../support/cloud';

jest.setTimeout(120_000);

const queue = { Queue: { Type: 'AWS::SQS::Queue' } };
const alarm = {
  Alarm: {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Queue', 'QueueName'] } }],
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
    },
  },
};
// A type that the emulator lacks
const group = { Group: { Type: 'AWS::XRay::Group', Properties: { GroupName: 'files' } } };

const templateOf = (Resources: object) =>
  JSON.stringify({ Resources, Outputs: { Url: { Value: { Ref: 'Queue' }, Export: { Name: 'url' } } } });

describe('stacks of other programs', () => {
  let cloud: LocalCloud;
  let client: CloudFormationClient;
  const lines: string[] = [];

  beforeAll(async () => {
    cloud = await LocalCloud.start({ app: false, toolsDir: TOOLS, on: { line: (line) => lines.push(line) } });
    client = new CloudFormationClient(cloud.clientConfig());
  });

  afterAll(async () => {
    client.destroy();
    await cloud.stop();
  });

  const create = (StackName: string, resources: object) =>
    client.send(new CreateStackCommand({ StackName, TemplateBody: templateOf(resources) }));

  test('a cloud without an app has no stacks', () => {
    expect(cloud.stacks()).toEqual([]);
  });

  test('are deployed without the types that the emulator lacks, and followed like those of the app', async () => {
    await create('Other', { ...queue, ...alarm, ...group });
    await until(() => cloud.stacks().includes('Other'), 'the stack');
    expect(Object.keys(cloud.resources('Other')).sort()).toEqual(['Alarm', 'Queue']);
    expect(cloud.outputs('Other')).toEqual({ Url: cloud.resources('Other').Queue });
    expect(cloud.alarms()).toEqual([expect.objectContaining({ stack: 'Other', logicalId: 'Alarm' })]);
    expect(lines).toContainEqual(expect.stringMatching(/^left out Group \(AWS::XRay::Group\): /));
  });

  test('are followed through updates, and forgotten when they are deleted', async () => {
    await client.send(new UpdateStackCommand({ StackName: 'Other', TemplateBody: templateOf({ ...queue, ...group }) }));
    await until(() => cloud.alarms().length === 0, 'the end of its alarm');
    await client.send(new DeleteStackCommand({ StackName: 'Other' }));
    await until(() => cloud.stacks().length === 0, 'the end of the stack');
  });

  test.each([
    [
      'an unknown type',
      { Unknown: { Type: 'AWS::Unknown::Thing' } },
      /the emulator does not support AWS::Unknown::Thing/,
    ],
    [
      'a feature that the emulator ignores',
      { Service: { Type: 'AWS::ECS::Service', Properties: { SchedulingStrategy: 'DAEMON' } } },
      /Service uses the scheduling strategy DAEMON/,
    ],
  ])('are refused with %s', async (_, resources, message) => {
    await expect(create('Refused', { ...queue, ...resources })).rejects.toThrow(message);
    expect(cloud.stacks()).toEqual([]);
  });

  test('an update of the app leaves them deployed', async () => {
    await create('Other', queue);
    await until(() => cloud.stacks().includes('Other'), 'the stack');
    await cloud.update();
    expect(cloud.stacks()).toEqual(['Other']);
  });
});
