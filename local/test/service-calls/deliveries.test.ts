import { join } from 'node:path';
import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  SetAlarmStateCommand,
  type StateValue,
} from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DescribeLogStreamsCommand,
  PutSubscriptionFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import {
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  RemovePermissionCommand,
  AddPermissionCommand,
  GetPolicyCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetTopicAttributesCommand, PublishCommand, SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { LocalCloud, type ApiCall } from '../../src';
import { FIXTURES, TOOLS, until } from '../support/cloud';

jest.setTimeout(60_000);

const ACCOUNT = '000000000000';
const INBOX = 'service-calls-inbox';
const lines: string[] = [];

interface SessionClients {
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
}

let cloud: LocalCloud;
let out: Readonly<Record<string, string>>;
let clients: { destroy(): void }[] = [];
let iam: IAMClient;
let sqs: SQSClient;
let sns: SNSClient;
let s3: S3Client;
let lambda: LambdaClient;
let ecs: ECSClient;
let cloudWatch: CloudWatchClient;
let logs: CloudWatchLogsClient;

beforeAll(async () => {
  cloud = await LocalCloud.start({
    app: join(FIXTURES, 'service-deliveries'),
    tasks: { tasks: [{ container: 'loader', command: [process.execPath, '-e', 'console.log("loaded")'] }] },
    toolsDir: TOOLS,
    on: { line: (line) => lines.push(line) },
  });
  out = cloud.outputs('ServiceCalls');
  const config = cloud.clientConfig();
  clients = [
    (iam = new IAMClient(config)),
    (sqs = new SQSClient(config)),
    (sns = new SNSClient(config)),
    (s3 = new S3Client(config)),
    (lambda = new LambdaClient(config)),
    (ecs = new ECSClient(config)),
    (cloudWatch = new CloudWatchClient(config)),
    (logs = new CloudWatchLogsClient(config)),
  ];
});

afterAll(async () => {
  clients.forEach((client) => client.destroy());
  await cloud.stop();
});

/** Runs something while a role lacks one of its policies, which holds one statement. */
async function without<T>(role: string, policy: string, run: () => Promise<T>): Promise<T> {
  const names = { RoleName: role, PolicyName: policy };
  const { PolicyDocument: document = '' } = await iam.send(new GetRolePolicyCommand(names));
  await iam.send(new DeleteRolePolicyCommand(names));
  try {
    return await run();
  } finally {
    await iam.send(new PutRolePolicyCommand({ ...names, PolicyDocument: decodeURIComponent(document) }));
  }
}

async function withQueuePolicy<T>(queueUrl: string, policy: string, run: () => Promise<T>): Promise<T> {
  const { Attributes: attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['Policy'] }),
  );
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { Policy: policy } }));
  try {
    return await run();
  } finally {
    await sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { Policy: attributes?.Policy ?? '' } }),
    );
  }
}

async function withTopicPolicy<T>(topicArn: string, policy: string, run: () => Promise<T>): Promise<T> {
  const { Attributes: attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
  const set = (value: string | undefined): Promise<unknown> =>
    sns.send(new SetTopicAttributesCommand({ TopicArn: topicArn, AttributeName: 'Policy', AttributeValue: value }));
  await set(policy);
  try {
    return await run();
  } finally {
    await set(attributes?.Policy);
  }
}

/** A policy that lets no service in. */
function owners(resource: string, action: string): string {
  const statement = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: action, Resource: resource };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

async function withoutPermission<T>(principal: string, run: () => Promise<T>): Promise<T> {
  const { Policy: policy = '' } = await lambda.send(new GetPolicyCommand({ FunctionName: out.Function }));
  const statements = (JSON.parse(policy) as { Statement: { Sid: string; Principal: { Service: string } }[] }).Statement;
  const { Sid: sid = '' } = statements.find(({ Principal: { Service: service } }) => service === principal) ?? {};
  await lambda.send(new RemovePermissionCommand({ FunctionName: out.Function, StatementId: sid }));
  try {
    return await run();
  } finally {
    await lambda.send(
      new AddPermissionCommand({
        FunctionName: out.Function,
        StatementId: sid,
        Principal: principal,
        Action: 'lambda:InvokeFunction',
        SourceArn: principal.startsWith('s3') ? `arn:aws:s3:::${INBOX}` : out.Topic,
      }),
    );
  }
}

/** Calls by a service since `from`, an earlier length of the list of calls. */
function callsBy(service: string, action: string, from: number): ApiCall[] {
  return cloud
    .calls()
    .slice(from)
    .filter((call) => call.by === service && call.action === action);
}

/** Waits for a refused call, and for the line that names what is missing. */
async function refused(service: string, action: string, from: number): Promise<ApiCall> {
  const call = await until(
    () => callsBy(service, action, from).find(({ denied }) => denied !== undefined),
    `a refused ${action} by ${service}`,
  );
  expect(call.status).toBe(403);
  // Each missing statement has one line, whatever else the role may do later.
  await until(
    () => lines.some((line) => line.startsWith('not authorized: ') && line.includes(`${action} on ${call.resource}: `)),
    `a line that says what is missing for ${action} on ${call.resource}`,
  );
  return call;
}

function allowed(service: string, action: string, from: number): Promise<ApiCall> {
  return until(
    () => callsBy(service, action, from).find(({ denied }) => denied === undefined),
    `an allowed ${action} by ${service}`,
  );
}

async function depth(queueUrl: string): Promise<number> {
  const { Attributes: attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  return Number(attributes.ApproximateNumberOfMessages) + Number(attributes.ApproximateNumberOfMessagesNotVisible);
}

/** The body of a message that contains a text. */
async function received(queueUrl: string, text: string): Promise<string> {
  return until(async () => {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
    );
    return messages.find(({ Body: body }) => body?.includes(text))?.Body;
  }, `a message with ${text} in ${queueUrl}`);
}

const now = (): number => cloud.calls().length;
const LAMBDA = 'lambda.amazonaws.com';

describe('event source mappings', () => {
  const send = (): Promise<unknown> => sqs.send(new SendMessageCommand({ QueueUrl: out.WorkUrl, MessageBody: 'x' }));

  test('receive and delete with the role of the function', async () => {
    const from = now();
    await send();
    await allowed(LAMBDA, 'sqs:DeleteMessage', from);
    expect(await allowed(LAMBDA, 'sqs:ReceiveMessage', from)).toMatchObject({
      role: out.FunctionRoleArn,
      resource: out.WorkArn,
    });
    await until(async () => (await depth(out.WorkUrl)) === 0, 'an empty queue');
  });

  test.each([
    ['Receive', 'sqs:ReceiveMessage'],
    ['Delete', 'sqs:DeleteMessage'],
  ])('leave a message in the queue without the statement %s', async (policy, action) => {
    await without(out.FunctionRole, policy, async () => {
      const from = now();
      await send();
      expect((await refused(LAMBDA, action, from)).denied).toContain(action);
      expect(await depth(out.WorkUrl)).toBe(1);
    });
    await until(async () => (await depth(out.WorkUrl)) === 0, 'the message to be processed');
  });

  test.each([
    ['Receive', 'ReceiveMessage'],
    ['Delete', 'DeleteMessage'],
    ['Attributes', 'GetQueueAttributes'],
  ])('of a queue cannot be created without the statement %s', async (policy, action) => {
    await without(out.FunctionRole, policy, () =>
      expect(
        lambda.send(
          new CreateEventSourceMappingCommand({
            FunctionName: out.Function,
            EventSourceArn: out.SealedArn,
            Enabled: false,
          }),
        ),
      ).rejects.toMatchObject({
        name: 'InvalidParameterValueException',
        message: `The provided execution role does not have permissions to call ${action} on SQS`,
      }),
    );
  });

  test.each(['Describe', 'Iterate', 'Read', 'List'])(
    'of a stream cannot be created without the statement %s',
    async (policy) => {
      await without(out.FunctionRole, policy, () =>
        expect(
          lambda.send(
            new CreateEventSourceMappingCommand({
              FunctionName: out.Function,
              EventSourceArn: out.StreamArn,
              StartingPosition: 'LATEST',
              Enabled: false,
            }),
          ),
        ).rejects.toMatchObject({
          name: 'InvalidParameterValueException',
          message: `Cannot access stream ${out.StreamArn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.`,
        }),
      );
    },
  );

  test('with a failure destination cannot be created without the permission to write there', async () => {
    await without(out.FunctionRole, 'Fail', () =>
      expect(
        lambda.send(
          new CreateEventSourceMappingCommand({
            FunctionName: out.Function,
            EventSourceArn: out.StreamArn,
            StartingPosition: 'LATEST',
            Enabled: false,
            DestinationConfig: { OnFailure: { Destination: out.FailedArn } },
          }),
        ),
      ).rejects.toMatchObject({
        name: 'InvalidParameterValueException',
        message: 'The provided execution role does not have permissions to call SendMessage on SQS',
      }),
    );
  });

  test('read a stream with the role of the function', async () => {
    const dynamo = new DynamoDBClient(cloud.clientConfig());
    const put = (id: string): Promise<unknown> =>
      dynamo.send(new PutItemCommand({ TableName: out.Table, Item: { id: { S: id } } }));
    let from = now();
    await put('a');
    expect(await allowed(LAMBDA, 'dynamodb:GetRecords', from)).toMatchObject({ resource: out.StreamArn });
    await without(out.FunctionRole, 'Read', async () => {
      from = now();
      await put('b');
      await refused(LAMBDA, 'dynamodb:GetRecords', from);
    });
    await allowed(LAMBDA, 'dynamodb:GetRecords', from);
    dynamo.destroy();
  });
});

describe('functions', () => {
  const create = (name: string, more: object = {}): Promise<unknown> =>
    lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Role: out.FunctionRoleArn,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ImageUri: 'none' },
        PackageType: 'Image',
        ...more,
      }),
    );
  const network = { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } };

  test.each([
    ['Attach', 'CreateNetworkInterface'],
    ['Look', 'DescribeNetworkInterfaces'],
    ['Detach', 'DeleteNetworkInterface'],
  ])('in a network cannot be created without the statement %s', async (policy, action) => {
    await without(out.FunctionRole, policy, () =>
      expect(create(`in-vpc-${action}`, network)).rejects.toMatchObject({
        name: 'InvalidParameterValueException',
        message: `The provided execution role does not have permissions to call ${action} on EC2`,
      }),
    );
  });

  test('in a network are created with all of them', async () => {
    await create('in-vpc', network);
  });

  test('with a role that Lambda may not assume cannot be created', async () => {
    await expect(create('foreign', { Role: out.CallerRoleArn })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'The role defined for the function cannot be assumed by Lambda.',
    });
  });

  test('with a dead-letter queue cannot be created or changed without the permission to write there', async () => {
    const rejection = {
      name: 'InvalidParameterValueException',
      message: 'The provided execution role does not have permissions to call SendMessage on SQS',
    };
    const DeadLetterConfig = { TargetArn: out.FailedArn };
    await without(out.FunctionRole, 'Fail', async () => {
      await expect(create('failing', { DeadLetterConfig })).rejects.toMatchObject(rejection);
      const change = new UpdateFunctionConfigurationCommand({ FunctionName: out.Function, DeadLetterConfig });
      await expect(lambda.send(change)).rejects.toMatchObject(rejection);
    });
  });

  test('send failed events to their dead-letter queue with their role', async () => {
    const fail = (): Promise<unknown> =>
      lambda.send(new InvokeCommand({ FunctionName: out.Function, InvocationType: 'Event', Payload: '{"fail":true}' }));
    await without(out.FunctionRole, 'Fail', async () => {
      const from = now();
      await fail();
      await refused(LAMBDA, 'sqs:SendMessage', from);
    });
    expect(await depth(out.FailedUrl)).toBe(0);
    await fail();
    await received(out.FailedUrl, '"requestPayload": {"fail": true}');
  });

  test.each([
    ['LogStream', 'logs:CreateLogStream'],
    ['Log', 'logs:PutLogEvents'],
  ])('run without logs when their role lacks the statement %s', async (policy, action) => {
    const streams = async (): Promise<number | undefined> =>
      (await logs.send(new DescribeLogStreamsCommand({ logGroupName: `/aws/lambda/${out.Function}` }))).logStreams
        ?.length;
    await lambda.send(new InvokeCommand({ FunctionName: out.Function, Payload: '{}' }));
    const before = await streams();
    expect(before).toBeGreaterThan(0);
    await without(out.FunctionRole, policy, async () => {
      const from = now();
      const { FunctionError: error } = await lambda.send(
        new InvokeCommand({ FunctionName: out.Function, Payload: '{}' }),
      );
      expect(error).toBeUndefined();
      await refused(LAMBDA, action, from);
    });
    expect(await streams()).toBe(before);
  });
});

describe('notifications of buckets', () => {
  const put = (key: string): Promise<unknown> => s3.send(new PutObjectCommand({ Bucket: INBOX, Key: key, Body: 'x' }));
  const configure = async (): Promise<unknown> => {
    const current = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: INBOX }));
    return s3.send(
      new PutBucketNotificationConfigurationCommand({ Bucket: INBOX, NotificationConfiguration: current }),
    );
  };
  const invalid = (arn: string): object => ({
    name: 'InvalidArgument',
    message: `Unable to validate the following destination configurations: ${arn}`,
  });

  test('reach a queue that lets the bucket send', async () => {
    await put('queue/a');
    await received(out.NotifiedUrl, 'queue/a');
    await withQueuePolicy(out.NotifiedUrl, owners(out.NotifiedArn, 'sqs:*'), async () => {
      const from = now();
      await put('queue/b');
      await refused('s3.amazonaws.com', 'sqs:SendMessage', from);
      await expect(configure()).rejects.toMatchObject(invalid(out.NotifiedArn));
    });
  });

  test('reach a topic that lets the bucket publish', async () => {
    let from = now();
    await put('topic/a');
    await allowed('s3.amazonaws.com', 'sns:Publish', from);
    await withTopicPolicy(out.Topic, owners(out.Topic, 'sns:Publish'), async () => {
      from = now();
      await put('topic/b');
      await refused('s3.amazonaws.com', 'sns:Publish', from);
      await expect(configure()).rejects.toMatchObject(invalid(out.Topic));
    });
  });

  test('invoke a function that lets the bucket', async () => {
    let from = now();
    await put('function/a');
    await allowed('s3.amazonaws.com', 'lambda:InvokeFunction', from);
    await allowed(LAMBDA, 'logs:PutLogEvents', from);
    await withoutPermission('s3.amazonaws.com', async () => {
      from = now();
      await put('function/b');
      await refused('s3.amazonaws.com', 'lambda:InvokeFunction', from);
      await expect(configure()).rejects.toMatchObject(invalid(out.FunctionArn));
    });
    await configure();
  });
});

describe('topics', () => {
  const publish = (message: string): Promise<unknown> =>
    sns.send(new PublishCommand({ TopicArn: out.Topic, Message: message }));

  test('deliver to a queue that lets them send', async () => {
    await publish('first');
    expect(await received(out.DeliveredUrl, 'first')).toBe('first');
    await withQueuePolicy(out.DeliveredUrl, owners(out.DeliveredArn, 'sqs:*'), async () => {
      const from = now();
      await publish('second');
      expect(await refused('sns.amazonaws.com', 'sqs:SendMessage', from)).toMatchObject({ resource: out.DeliveredArn });
    });
  });

  test('deliver to an encrypted queue only with a key that lets SNS', async () => {
    const from = now();
    await publish('sealed');
    expect(await received(out.SealedUrl, 'sealed')).toBe('sealed');
    const denials = await until(() => {
      const found = callsBy('sns.amazonaws.com', 'kms:GenerateDataKey', from).filter(({ denied }) => denied);
      return found.length === 2 && found;
    }, 'two refused keys');
    expect(denials.map(({ resource }) => resource)).toEqual([
      out.OwnersKeyArn,
      `arn:aws:kms:us-east-1:${ACCOUNT}:alias/aws/sqs`,
    ]);
    expect(await Promise.all([out.LockedUrl, out.ManagedUrl].map(depth))).toEqual([0, 0]);
  });

  test('invoke a function that lets them', async () => {
    let from = now();
    await publish('function');
    await allowed('sns.amazonaws.com', 'lambda:InvokeFunction', from);
    await withoutPermission('sns.amazonaws.com', async () => {
      from = now();
      await publish('function');
      await refused('sns.amazonaws.com', 'lambda:InvokeFunction', from);
    });
  });
});

describe('alarms', () => {
  const CLOUDWATCH = 'cloudwatch.amazonaws.com';
  const set = (state: StateValue): Promise<unknown> =>
    cloudWatch.send(new SetAlarmStateCommand({ AlarmName: 'full', StateValue: state, StateReason: 'test' }));

  test('publish to a topic whose policy names CloudWatch, or is the default one', async () => {
    await set('INSUFFICIENT_DATA');
    await set('ALARM');
    await received(out.DeliveredUrl, '"NewStateValue": "ALARM"');
    const from = now();
    await set('OK');
    expect(await allowed(CLOUDWATCH, 'sns:Publish', from)).toMatchObject({ resource: out.DefaultTopic });
  });

  test('notify no one when the policy of the topic was replaced, as their history says', async () => {
    await set('OK');
    await withTopicPolicy(out.Topic, owners(out.Topic, 'sns:Publish'), async () => {
      const from = now();
      await set('ALARM');
      await refused(CLOUDWATCH, 'sns:Publish', from);
    });
    const { AlarmHistoryItems: items = [] } = await cloudWatch.send(
      new DescribeAlarmHistoryCommand({ AlarmName: 'full', HistoryItemType: 'Action' }),
    );
    expect(items.map(({ HistorySummary: summary }) => summary)).toContain(
      `Failed to execute action ${out.Topic}. Received error: "Resource: arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:full is not authorized to perform: SNS:Publish on resource: ${out.Topic}"`,
    );
  });
});

describe('the ECS agent', () => {
  const run = async (): Promise<string> =>
    (
      await ecs.send(
        new RunTaskCommand({
          cluster: out.Cluster,
          taskDefinition: out.Definition,
          launchType: 'FARGATE',
          networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
        }),
      )
    ).tasks![0].taskArn!;
  const ended = async (): Promise<string | undefined> => {
    const arn = await run();
    const task = await until(
      () => cloud.tasks().find(({ taskArn, lastStatus }) => taskArn === arn && lastStatus === 'STOPPED'),
      'the task to stop',
    );
    return task.stoppedReason;
  };
  const SECRETS =
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ';

  test('starts a task with the execution role', async () => {
    const from = now();
    expect(await ended()).toBe('Essential container in task exited');
    await allowed('ecs-tasks.amazonaws.com', 'logs:PutLogEvents', from);
  });

  test.each([
    [
      'Secret',
      'secretsmanager:GetSecretValue',
      `${SECRETS}secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:`,
    ],
    ['Key', 'kms:Decrypt', `${SECRETS}secret from asm: `],
    [
      'Parameter',
      'ssm:GetParameters',
      `${SECRETS}secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::${ACCOUNT}:assumed-role/`,
    ],
    [
      'Login',
      'ecr:GetAuthorizationToken',
      `${SECRETS}ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: `,
    ],
    [
      'LogStream',
      'logs:CreateLogStream',
      'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: ',
    ],
    [
      'Image',
      'ecr:BatchGetImage',
      `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/loader:1: `,
    ],
  ])('stops a task whose execution role lacks the statement %s', async (policy, action, reason) => {
    await without(out.ExecutionRole, policy, async () => {
      const from = now();
      expect(await ended()).toContain(reason);
      await refused('ecs-tasks.amazonaws.com', action, from);
    });
  });

  test('stops a task whose log group was deleted', async () => {
    const logGroupName = out.TaskLogsArn.split(':')[6];
    await logs.send(new DeleteLogGroupCommand({ logGroupName }));
    try {
      expect(await ended()).toContain('ResourceNotFoundException: The specified log group does not exist.');
    } finally {
      await logs.send(new CreateLogGroupCommand({ logGroupName }));
    }
  });

  test('runs a task without its log when the role may not write it', async () => {
    await without(out.ExecutionRole, 'Log', async () => {
      const from = now();
      expect(await ended()).toBe('Essential container in task exited');
      await refused('ecs-tasks.amazonaws.com', 'logs:PutLogEvents', from);
    });
  });

  test.each(['TaskRole', 'ExecutionRole'])('runs no task whose %s does not trust it', async (role) => {
    const trust = (service: string): Promise<unknown> => {
      const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } };
      const document = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      return iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: out[role], PolicyDocument: document }));
    };
    await trust(LAMBDA);
    await expect(run()).rejects.toMatchObject({
      name: 'ClientException',
      message: `ECS was unable to assume the role 'arn:aws:iam::${ACCOUNT}:role/${out[role]}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`,
    });
    await trust('ecs-tasks.amazonaws.com');
    await run();
  });

  test('wants an execution role for images of ECR and for logs', async () => {
    const register = (container: object): Promise<unknown> =>
      ecs.send(
        new RegisterTaskDefinitionCommand({
          family: 'roleless',
          requiresCompatibilities: ['FARGATE'],
          cpu: '256',
          memory: '512',
          networkMode: 'awsvpc',
          containerDefinitions: [{ name: 'c', image: 'alpine', ...container }],
        }),
      );
    await expect(register({ image: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/loader` })).rejects.toMatchObject({
      name: 'ClientException',
      message: 'Fargate requires task definition to have execution role ARN to support ECR images.',
    });
    await expect(
      register({ logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g' } } }),
    ).rejects.toMatchObject({
      message: 'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
    });
  });
});

describe('logs', () => {
  test('of a state machine need its role to configure their delivery', async () => {
    const sfn = new SFNClient(cloud.clientConfig());
    const create = (name: string): Promise<unknown> =>
      sfn.send(
        new CreateStateMachineCommand({
          name,
          roleArn: out.StatesRoleArn,
          definition: '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}',
          loggingConfiguration: {
            level: 'ALL',
            destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: out.TaskLogsArn } }],
          },
        }),
      );
    await create('logged');
    await without(out.StatesRole, 'Logs', () =>
      expect(create('denied')).rejects.toMatchObject({
        name: 'AccessDeniedException',
        message: 'The state machine IAM Role is not authorized to access the Log Destination',
      }),
    );
    sfn.destroy();
  });

  test('are subscribed to by a function that lets CloudWatch Logs invoke it', async () => {
    const subscribe = (): Promise<unknown> =>
      logs.send(
        new PutSubscriptionFilterCommand({
          logGroupName: '/service-calls/tasks',
          filterName: 'all',
          filterPattern: '',
          destinationArn: out.FunctionArn,
        }),
      );
    await expect(subscribe()).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message:
        'Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.',
    });
    await lambda.send(
      new AddPermissionCommand({
        FunctionName: out.Function,
        StatementId: 'logs',
        Principal: 'logs.amazonaws.com',
        Action: 'lambda:InvokeFunction',
        SourceArn: out.TaskLogsArn,
      }),
    );
    await subscribe();
  });

  test('are encrypted only with a key that lets CloudWatch Logs use it', async () => {
    await expect(
      logs.send(new CreateLogGroupCommand({ logGroupName: '/sealed', kmsKeyId: out.OwnersKeyArn })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/sealed'`,
    });
  });
});

describe('a caller', () => {
  let session: SessionClients;

  beforeAll(async () => {
    const sts = new STSClient(cloud.clientConfig());
    const { Credentials: keys } = await sts.send(
      new AssumeRoleCommand({ RoleArn: out.CallerRoleArn, RoleSessionName: 'test' }),
    );
    sts.destroy();
    const config = {
      ...cloud.clientConfig(),
      credentials: {
        accessKeyId: keys!.AccessKeyId!,
        secretAccessKey: keys!.SecretAccessKey!,
        sessionToken: keys!.SessionToken!,
      },
    };
    session = { sqs: new SQSClient(config), s3: new S3Client(config), dynamo: new DynamoDBClient(config) };
    clients.push(session.sqs, session.s3, session.dynamo);
  });

  const denied = (action: string): RegExp => new RegExp(`is not authorized to perform: ${action} on resource`);

  test('of an encrypted queue needs its key, but no permission for a key that AWS manages', async () => {
    const send = (queueUrl: string): Promise<unknown> =>
      session.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'x' }));
    await send(out.SealedUrl);
    await send(out.ManagedUrl);
    await without(out.CallerRole, 'QueueKey', async () => {
      await expect(send(out.SealedUrl)).rejects.toThrow(denied('kms:GenerateDataKey'));
      await send(out.ManagedUrl);
    });
  });

  test('of an encrypted bucket needs its key to write and to read', async () => {
    const object = { Bucket: 'service-calls-sealed', Key: 'a' };
    const put = (): Promise<unknown> => session.s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
    const get = (): Promise<unknown> => session.s3.send(new GetObjectCommand(object));
    await put();
    await get();
    await without(out.CallerRole, 'WriteKey', () => expect(put()).rejects.toThrow(denied('kms:GenerateDataKey')));
    await without(out.CallerRole, 'ReadKey', () => expect(get()).rejects.toThrow(denied('kms:Decrypt')));
  });

  test('of an encrypted table needs its key', async () => {
    const put = (): Promise<unknown> =>
      session.dynamo.send(new PutItemCommand({ TableName: out.SealedTable, Item: { id: { S: 'a' } } }));
    await put();
    await without(out.CallerRole, 'TableKey', () => expect(put()).rejects.toThrow(denied('kms:Decrypt')));
  });
});
