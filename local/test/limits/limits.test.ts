import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { LocalCloud } from '../../src';
import { writeApp } from '../support/app';
import { TOOLS } from '../support/cloud';
import * as events from './events';
import * as functions from './functions';
import * as machines from './machines';
import * as queues from './queues';
import { World } from './row';
import * as storage from './storage';
import { pageOf } from './page';
import * as tasks from './tasks';

jest.setTimeout(120_000);

const PAGE = resolve(__dirname, '..', '..', '..', 'docs', 'local-cloud-limits.md');
const parts = [queues, events, machines, tasks, functions, storage];
const calls = parts.flatMap((part) => part.calls);
const templates = parts.flatMap((part) => part.templates);

/** The stack that the rows use. */
const BASE = {
  Bucket: { Type: 'AWS::S3::Bucket' },
  Topic: { Type: 'AWS::SNS::Topic' },
  Cluster: { Type: 'AWS::ECS::Cluster' },
  LogGroup: { Type: 'AWS::Logs::LogGroup' },
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    },
  },
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { Service: ['lambda.amazonaws.com', 'states.amazonaws.com'] },
          },
        ],
      },
      Policies: [
        {
          PolicyName: 'Queues',
          PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }] },
        },
      ],
    },
  },
  TaskDefinition: {
    Type: 'AWS::ECS::TaskDefinition',
    Properties: {
      RequiresCompatibilities: ['FARGATE'],
      NetworkMode: 'awsvpc',
      Cpu: '256',
      Memory: '512',
      ContainerDefinitions: [{ Name: 'Worker', Image: 'image' }],
    },
  },
  Function: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Timeout: 20,
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Code: {
        ZipFile: `exports.handler = async ({ bytes, Records: records }) =>
          records ? JSON.parse(records[0].body).answer : 'b'.repeat(bytes);`,
      },
    },
  },
};
/** Without it, no log group may send to the function. */
const PERMISSION = {
  Type: 'AWS::Lambda::Permission',
  Properties: { FunctionName: { Ref: 'Function' }, Action: 'lambda:InvokeFunction', Principal: 'logs.amazonaws.com' },
};
const OUTPUTS: Record<string, unknown> = {
  ...Object.fromEntries(Object.keys(BASE).map((name) => [name, { Value: { Ref: name } }])),
  RoleArn: { Value: { 'Fn::GetAtt': ['Role', 'Arn'] } },
  FunctionArn: { Value: { 'Fn::GetAtt': ['Function', 'Arn'] } },
};

interface Refusal {
  readonly name: string;
  /** AWS's code, where the SDK names the error otherwise. */
  readonly Code?: string;
}

const base = { Resources: { ...BASE, Permission: PERMISSION }, Outputs: OUTPUTS };
let cloud: LocalCloud;
let world: World;

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: writeApp({ Base: base }), toolsDir: TOOLS, speed: 0.1 });
  world = new World(cloud, cloud.outputs('Base'));
});

afterAll(async () => {
  world.destroy();
  await cloud.stop();
});

test.each(calls.map((row) => [`${row.service}: ${row.limit}: ${row.call}`, row] as const))(
  '%s',
  async (_, { error, status, send }) => {
    const refusal = await send(world).then(
      (): Refusal => ({ name: 'accepted' }),
      (reason: unknown) => reason as Refusal,
    );
    expect({ ...refusal, codes: [refusal.name, refusal.Code] }).toMatchObject({
      codes: expect.arrayContaining([error]) as string[],
      $metadata: { httpStatusCode: status },
    });
  },
);

test.each(templates.map((row) => [`${row.service}: ${row.limit}: ${row.template}`, row] as const))(
  '%s',
  async (_, { error, resources }) => {
    const app = writeApp({ Base: base, Broken: { Resources: resources } });
    await expect(cloud.update(app)).rejects.toMatchObject({
      code: 'TemplateRefused',
      message: expect.stringMatching(
        new RegExp(`^AWS would refuse the app:\nstack Broken: .*\\(${error}\\)$`),
      ) as string,
    });
    expect(cloud.stacks()).toEqual(['Base']);
  },
);

test('CloudFormation: a limit that only resolved values exceed fails the resource', async () => {
  const statement = (index: number) => ({
    Sid: `s${index}`,
    Effect: 'Allow',
    Principal: '*',
    Action: 'sqs:SendMessage',
    Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
    Condition: {
      ArnEquals: { 'aws:SourceArn': Array.from({ length: 6 }, () => ({ 'Fn::GetAtt': ['Queue', 'Arn'] })) },
    },
  });
  const PolicyDocument = {
    Version: '2012-10-17',
    Statement: Array.from({ length: 20 }, (_, index) => statement(index)),
  };
  const Resources = {
    Queue: { Type: 'AWS::SQS::Queue' },
    Policy: { Type: 'AWS::SQS::QueuePolicy', Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument } },
  };
  await expect(cloud.update(writeApp({ Base: base, Resolved: { Resources } }))).rejects.toMatchObject({
    code: 'DeploymentFailed',
    message: expect.stringContaining('Submitted policy is over max allowed size. (OverLimit)') as string,
  });
});

test('CloudFormation: a bucket with objects is not deleted', async () => {
  const bucket = { Resources: { Bucket: { Type: 'AWS::S3::Bucket' } }, Outputs: { Bucket: OUTPUTS.Bucket } };
  await cloud.update(writeApp({ Base: base, Full: bucket }));
  await world.s3.send(new PutObjectCommand({ Bucket: cloud.outputs('Full').Bucket, Key: 'k', Body: 'b' }));
  await expect(cloud.update(writeApp({ Base: base }))).rejects.toMatchObject({
    code: 'DeploymentFailed',
    message: expect.stringMatching(/^stack Full cannot be deleted: Bucket .*not empty/) as string,
  });
});

test('docs/local-cloud-limits.md shows the rows', () => {
  const page = pageOf(calls, templates);
  if (process.env.WRITE_DOCS !== undefined) {
    writeFileSync(PAGE, page);
  }
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});
