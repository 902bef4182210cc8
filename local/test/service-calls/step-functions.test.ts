import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { until } from '../support/cloud';
import { ServiceCalls } from '../support/service-calls';

jest.setTimeout(120_000);

let calls: ServiceCalls;
let sfn: SFNClient;

beforeAll(async () => {
  calls = await ServiceCalls.start();
  sfn = new SFNClient(calls.cloud.clientConfig());
});

afterAll(async () => {
  sfn.destroy();
  await calls.stop();
});

/** The call of a state; the statement that it needs; the error without it; and the action that is denied. */
const NEEDS: readonly (readonly [call: string, policy: string, error: string, action: string])[] = [
  ['lambda', 'Invoke', 'Lambda.AWSLambdaException', 'lambda:InvokeFunction'],
  ['function', 'Invoke', 'Lambda.AWSLambdaException', 'lambda:InvokeFunction'],
  ['send', 'Send', 'SQS.AmazonSQSException', 'sqs:SendMessage'],
  ['publish', 'Publish', 'SNS.AuthorizationErrorException', 'sns:Publish'],
  ['events', 'PutEvents', 'EventBridge.AmazonEventBridgeException', 'events:PutEvents'],
  ['put', 'PutItem', 'DynamoDB.AmazonDynamoDBException', 'dynamodb:PutItem'],
  ['sdkGet', 'GetItem', 'DynamoDb.DynamoDbException', 'dynamodb:GetItem'],
  ['sdkPut', 'PutObject', 'S3.S3Exception', 's3:PutObject'],
  ['sdkHead', 'GetObject', 'S3.S3Exception', 's3:GetObject'],
  ['sdkList', 'ListExecutions', 'Sfn.SfnException', 'states:ListExecutions'],
  ['sdkTasks', 'ListTasks', 'Ecs.AccessDeniedException', 'ecs:ListTasks'],
  ['start', 'StartChild', 'StepFunctions.AWSStepFunctionsException', 'states:StartExecution'],
  ['startSync', 'StartChild', 'StepFunctions.AWSStepFunctionsException', 'states:StartExecution'],
  ['run', 'RunTask', 'ECS.AccessDeniedException', 'ecs:RunTask'],
  ['run', 'PassTaskRole', 'ECS.AccessDeniedException', 'iam:PassRole'],
  ['run', 'PassExecutionRole', 'ECS.AccessDeniedException', 'iam:PassRole'],
  ['run', 'TagTask', 'ECS.AccessDeniedException', 'ecs:TagResource'],
  ['runSync', 'RunTask', 'ECS.AccessDeniedException', 'ecs:RunTask'],
  ['map', 'GetObject', 'States.ItemReaderFailed', 's3:GetObject'],
  ['map', 'StartSelf', 'StepFunctions.AWSStepFunctionsException', 'states:StartExecution'],
  ['map', 'WriteResults', 'States.ResultWriterFailed', 's3:PutObject'],
  ['map', 'WriteParts', 'States.ResultWriterFailed', 's3:GetObject'],
  ['map', 'Send', 'States.ExceedToleratedFailureThreshold', 'sqs:SendMessage'],
  ['mapList', 'List', 'States.ItemReaderFailed', 's3:ListBucket'],
];

describe('the role of a state machine', () => {
  // In the order of the table: a map reads what sdkPut wrote.
  test.each([...new Set(NEEDS.map(([call]) => call))])('%s is allowed with all statements', async (call) => {
    expect(await calls.execute(call)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test.each(NEEDS)('%s without %s fails with %s', async (call, policy, error, action) => {
    const execution = await calls.without('MachineRole', policy, () => calls.execute(call));
    expect(execution).toMatchObject({ status: 'FAILED', error });
    if (error !== 'States.ExceedToleratedFailureThreshold') {
      expect(execution.cause).toMatch(
        new RegExp(
          `^User: arn:aws:sts::\\d{12}:assumed-role/Calls-MachineRole-\\w+/\\w+ is not authorized to perform: ${action} on resource: `,
        ),
      );
    }
    expect((await calls.denial(/Calls-MachineRole/, action)).reason).toContain(action);
  });

  test('a denial is caught by States.TaskFailed', async () => {
    const { output } = await calls.without('MachineRole', 'Send', () => calls.execute('caught'));
    expect(JSON.parse(output!)).toBe('SQS.AmazonSQSException');
  });

  test('a state waits for its token, which is sent with the permission of the call', async () => {
    await calls.purge();
    const execution = calls.execute('token');
    const { Body: token } = await calls.receive('QueueUrl');
    await sfn.send(new SendTaskSuccessCommand({ taskToken: token, output: '{}' }));
    expect(await execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(await calls.without('MachineRole', 'Send', () => calls.execute('token'))).toMatchObject({
      status: 'FAILED',
      error: 'SQS.AmazonSQSException',
    });
  });

  test.each([
    ['runSync', 'FollowTask', 'ecs:DescribeTasks'],
    ['startSync', 'FollowChild', 'states:DescribeExecution'],
    ['map', 'FollowSelf', 'states:DescribeExecution'],
  ])('%s without %s is reported, and goes on by events', async (call, policy, action) => {
    expect(await calls.without('MachineRole', policy, () => calls.execute(call))).toMatchObject({
      status: 'SUCCEEDED',
    });
    expect((await calls.denial(/Calls-MachineRole/, action)).reason).toContain(action);
  });
});

describe('a state machine is refused', () => {
  const sync = JSON.stringify({
    StartAt: 'Run',
    States: { Run: { Type: 'Task', Resource: 'arn:aws:states:::ecs:runTask.sync', End: true } },
  });
  const machine = (name: string, roleArn: string, definition = sync) =>
    sfn.send(
      new CreateStateMachineCommand({
        name,
        definition,
        roleArn,
        loggingConfiguration: {
          level: 'ALL',
          destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: calls.outputs.LogArn } }],
        },
      }),
    );

  test.each([
    ['TaskRule', /^'arn:aws:iam::\d{12}:role\/Calls-MachineRole-\w+' is not authorized to create managed-rule\.$/],
    ['Logs', /^The state machine IAM Role is not authorized to access the Log Destination$/],
  ])('without %s', async (policy, message) => {
    const { MachineRoleArn: role } = calls.outputs;
    await expect(machine(`with-${policy}`, role)).resolves.toBeDefined();
    await calls.without('MachineRole', policy, async () => {
      const refused = { name: 'AccessDeniedException', message: expect.stringMatching(message) as string };
      await expect(machine(`without-${policy}`, role)).rejects.toMatchObject(refused);
      await expect(
        sfn.send(new UpdateStateMachineCommand({ stateMachineArn: calls.outputs.MachineArn, roleArn: role })),
      ).rejects.toMatchObject(refused);
    });
  });

  test('with a role that does not trust Step Functions', async () => {
    await expect(machine('untrusted', calls.outputs.ScheduleRoleArn)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('is authorized to assume the provided role') as string,
    });
  });
});

test('a state machine with tracing sends traces with its role, and runs without the permission', async () => {
  const definition = JSON.stringify({ StartAt: 'P', States: { P: { Type: 'Pass', End: true } } });
  const { MachineRoleArn: roleArn, MachineRole: role } = calls.outputs;
  const denied = () => calls.cloud.denials().filter(({ action }) => action.startsWith('xray:'));
  const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name: 'traced', definition, roleArn }));
  const run = async () => {
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
    await until(async () => {
      const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      return status === 'SUCCEEDED';
    }, 'the end of the execution');
  };
  await run();
  expect(denied()).toEqual([]);
  await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, tracingConfiguration: { enabled: true } }));
  await run();
  await until(() => denied().length === 4, 'the denials');
  expect(denied().map(({ action }) => action)).toContain('xray:PutTraceSegments');
  expect(denied()[0].principal).toContain(role);
});
