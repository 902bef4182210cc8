import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
  UpdateTaskProtectionCommand,
} from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud, type LocalTask, type OutputEvent, type TaskRecord } from '../src';
import { APP, alive, copyApp, editTemplate, running, TASKS, TOOLS, until } from './support/cloud';

jest.setTimeout(120_000);

const SERVICE = 'service:worker';
const NETWORK = { awsvpcConfiguration: { subnets: ['subnet-1'] } };
const lines: string[] = [];
const output: OutputEvent[] = [];
const records: TaskRecord[] = [];

let cloud: LocalCloud;
let ecs: ECSClient;
let sqs: SQSClient;
let outputs: Readonly<Record<string, string>>;

beforeAll(async () => {
  // Alarms stand still here: a minute of the clock would take ten of ours.
  cloud = await LocalCloud.start({
    app: APP,
    tasks: TASKS,
    toolsDir: TOOLS,
    speed: 0.1,
    on: { line: (line) => lines.push(line) },
  });
  cloud.on('output', (event) => output.push(event));
  cloud.on('task', ({ task }) => records.push(task));
  ecs = new ECSClient(cloud.clientConfig());
  sqs = new SQSClient(cloud.clientConfig());
  outputs = cloud.outputs('Pipeline');
});

afterAll(async () => {
  ecs.destroy();
  sqs.destroy();
  await cloud.stop();
});

async function scale(count: number): Promise<LocalTask[]> {
  await ecs.send(new UpdateServiceCommand({ cluster: outputs.ClusterArn, service: 'worker', desiredCount: count }));
  return until(
    () => running(cloud, SERVICE).length === count && running(cloud, SERVICE),
    `${count} running tasks of the service`,
  );
}

function stopped(taskArn: string): Promise<LocalTask> {
  return until(
    () => cloud.tasks().find((task) => task.taskArn === taskArn && task.lastStatus === 'STOPPED'),
    'the task to stop',
  );
}

/** A JSON line of the worker with the given member. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test reads any part of it
async function printed(taskArn: string, member: string): Promise<any> {
  const found = await until(
    () => output.find(({ taskArn: arn, line }) => arn === taskArn && line.startsWith(`{"${member}"`)),
    `${member} of the task`,
  );
  return JSON.parse(found.line)[member];
}

async function runTask(environment: Record<string, string>): Promise<string> {
  const { tasks } = await ecs.send(
    new RunTaskCommand({
      cluster: outputs.ClusterArn,
      taskDefinition: outputs.DefinitionArn,
      launchType: 'FARGATE',
      networkConfiguration: NETWORK,
      overrides: {
        containerOverrides: [
          { name: 'worker', environment: Object.entries(environment).map(([name, value]) => ({ name, value })) },
        ],
      },
    }),
  );
  return tasks![0].taskArn!;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test reads any part of it
async function receive(queueUrl: string): Promise<any[]> {
  const { Messages: messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
  );
  return messages.map(({ Body: body = '' }) => JSON.parse(body) as unknown);
}

/** Deletes what earlier tests left. SQS allows one purge a minute. */
async function drain(queueUrl: string): Promise<void> {
  for (;;) {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
    );
    if (messages.length === 0) {
      return;
    }
    for (const { ReceiptHandle: handle } of messages) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: handle }));
    }
  }
}

describe('deployment', () => {
  test('resolves exports, parameters and references to what was left out, and reports what was left out', () => {
    expect(cloud.stacks()).toEqual(['Network', 'Pipeline']);
    expect(cloud.outputs('Network')).toEqual({ ClusterName: 'jobs', Address: '127.0.0.1/local-Eip-AllocationId' });
    expect(outputs.SecretRef).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:/);
    expect(lines).toContain('Network: left out Eip (AWS::EC2::EIP): tasks run in the network of this machine');
    expect(lines).toContain(
      'Pipeline: left out Out (AWS::ApplicationAutoScaling::ScalingPolicy): replaced by the local autoscaler',
    );
  });

  test('an object under the route reaches the queue through EventBridge, another does not', async () => {
    const s3 = new S3Client(cloud.clientConfig());
    await s3.send(new PutObjectCommand({ Bucket: outputs.BucketName, Key: 'other/a.txt', Body: 'a' }));
    await s3.send(new PutObjectCommand({ Bucket: outputs.BucketName, Key: 'incoming/b c.txt', Body: 'bb' }));
    const [event] = await until(async () => {
      const events = await receive(outputs.QueueUrl);
      return events.length > 0 && events;
    }, 'the event');
    expect(event).toMatchObject({
      source: 'aws.s3',
      'detail-type': 'Object Created',
      detail: { object: { key: 'incoming/b c.txt', size: 2 } },
    });
    s3.destroy();
  });

  test('a Node function runs from its zip asset, and its calls carry its role', async () => {
    const lambda = new LambdaClient(cloud.clientConfig());
    const answer = await lambda.send(new InvokeCommand({ FunctionName: outputs.FunctionName, Payload: '{"a":1}' }));
    expect(JSON.parse(Buffer.from(answer.Payload!).toString())).toEqual({ sent: true });
    const call = await until(
      () => cloud.calls().find(({ session }) => session === outputs.FunctionName),
      'the call of the function',
    );
    expect(call).toMatchObject({ action: 'sqs:SendMessage', service: 'sqs', status: 200 });
    expect(call.role).toMatch(/^arn:aws:iam::000000000000:role\/Pipeline-FunctionRole-/);
    expect(call.resource).toMatch(/^arn:aws:sqs:us-east-1:000000000000:Pipeline-DeadLetters-/);
    lambda.destroy();
  });
});

describe('tasks of a service', () => {
  test('get the environment, the secret, the role and the endpoints of an ECS task, and nothing of the shell', async () => {
    process.env.FILEWORKS_TEST_SECRET = 'must not be seen';
    const [task] = await scale(1);
    const env = await printed(task.taskArn, 'env');
    expect(env).toMatchObject({
      GREETING: 'hello',
      TOKEN: 's3cr3t',
      QUEUE_URL: outputs.QueueUrl,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: cloud.endpoint,
    });
    expect(env).not.toHaveProperty('FILEWORKS_TEST_SECRET');
    expect(env).not.toHaveProperty('AWS_ACCESS_KEY_ID');
    expect(await printed(task.taskArn, 'metadata')).toMatchObject({
      status: 200,
      body: { TaskARN: task.taskArn, Family: 'worker' },
    });
    expect(await printed(task.taskArn, 'credentials')).toMatchObject({
      status: 200,
      body: { RoleArn: outputs.RoleArn, AccessKeyId: expect.stringMatching(/^ASIA/) },
    });
    expect(await printed(task.taskArn, 'protection')).toEqual({
      status: 200,
      body: { protection: { ExpirationDate: null, ProtectionEnabled: false, TaskArn: task.taskArn } },
    });
    expect(cloud.tasks().find(({ taskArn }) => taskArn === task.taskArn)).toMatchObject({
      role: outputs.RoleArn,
      capacityProviderName: 'FARGATE_SPOT',
      group: SERVICE,
    });
    expect(readFileSync(task.processes[0].log, 'utf8')).toContain('"GREETING":"hello"');
    delete process.env.FILEWORKS_TEST_SECRET;
  });

  test('calls of a task are recorded with its role and its id', async () => {
    const [task] = await scale(1);
    const call = await until(
      () =>
        cloud
          .calls()
          .find(
            ({ session, action }) => session === task.taskArn.split('/').at(-1) && action === 'ecs:GetTaskProtection',
          ),
      'the call',
    );
    expect(call.role).toBe(outputs.RoleArn);
  });

  test('a killed task is replaced, and its exit code is reported', async () => {
    const [task] = await scale(1);
    cloud.faults.kill(task.taskArn);
    expect(await stopped(task.taskArn)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ exitCode: 137 }],
    });
    const [replacement] = await until(
      () => running(cloud, SERVICE).length === 1 && running(cloud, SERVICE),
      'a replacement',
    );
    expect(replacement.taskArn).not.toBe(task.taskArn);
  });

  test('StopTask sends SIGTERM, reports the real exit code, and the service starts another task', async () => {
    const [task] = await scale(1);
    await printed(task.taskArn, 'protection');
    const answer = await ecs.send(
      new StopTaskCommand({ cluster: outputs.ClusterArn, task: task.taskArn, reason: 'because' }),
    );
    expect(answer.task).toMatchObject({ desiredStatus: 'STOPPED' });
    expect(await stopped(task.taskArn)).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'because',
      containers: [{ exitCode: 7 }],
    });
    expect(output).toContainEqual(expect.objectContaining({ taskArn: task.taskArn, line: 'SIGTERM' }));
    await scale(1);
  });

  test('a Spot interruption sends SIGTERM at once, with an event while the task still runs', async () => {
    const [task] = await scale(1);
    await printed(task.taskArn, 'protection');
    await cloud.faults.interruptSpot(task.taskArn);
    await stopped(task.taskArn);
    const seen = records.filter(({ taskArn }) => taskArn === task.taskArn).slice(-3);
    expect(seen).toMatchObject([
      {
        lastStatus: 'RUNNING',
        desiredStatus: 'STOPPED',
        stopCode: 'SpotInterruption',
        stoppedReason: 'Your Spot Task was interrupted.',
      },
      { lastStatus: 'DEPROVISIONING', desiredStatus: 'STOPPED', stopCode: 'SpotInterruption' },
      { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'SpotInterruption', containers: [{ exitCode: 7 }] },
    ]);
    expect(seen.map(({ version }) => version - seen[0].version)).toEqual([0, 1, 2]);
    await scale(1);
  });

  test('scale-in does not stop protected tasks, newest or not, until they are released', async () => {
    const tasks = await scale(3);
    const newest = [...tasks].sort((one, other) => one.createdAt!.localeCompare(other.createdAt!)).at(-1)!;
    const protection = { cluster: outputs.ClusterArn, tasks: [newest.taskArn] };
    const { protectedTasks } = await ecs.send(
      new UpdateTaskProtectionCommand({ ...protection, protectionEnabled: true, expiresInMinutes: 5 }),
    );
    expect(protectedTasks).toMatchObject([{ taskArn: newest.taskArn, protectionEnabled: true }]);
    expect(Math.abs(protectedTasks![0].expirationDate!.getTime() - Date.now() - 300_000)).toBeLessThan(10_000);
    await ecs.send(new UpdateServiceCommand({ cluster: outputs.ClusterArn, service: 'worker', desiredCount: 0 }));
    await until(() => running(cloud, SERVICE).length === 1, 'the unprotected tasks to stop');
    expect(running(cloud, SERVICE)[0].taskArn).toBe(newest.taskArn);
    await ecs.send(new UpdateTaskProtectionCommand({ ...protection, protectionEnabled: false }));
    expect(await stopped(newest.taskArn)).toMatchObject({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: expect.stringMatching(/^Scaling activity initiated by \(deployment ecs-svc\//),
    });
    expect(running(cloud, SERVICE)).toEqual([]);
  });

  test('a refused placement is tried again', async () => {
    await cloud.faults.refusePlacements(1);
    await scale(1);
    const { services } = await ecs.send(
      new DescribeServicesCommand({ cluster: outputs.ClusterArn, services: ['worker'] }),
    );
    expect(services![0].events!.map(({ message }) => message).join()).toContain(
      'was unable to place a task. Reason: Capacity is unavailable at this time.',
    );
  });
});

async function register(image: string): Promise<{ taskDefinition: string }> {
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({ family: 'other', containerDefinitions: [{ name: 'c', image, memory: 64 }] }),
  );
  return { taskDefinition: taskDefinition!.taskDefinitionArn! };
}

describe('standalone tasks', () => {
  test('end with the exit code of their process, and the event bus gets an event of the real shape', async () => {
    await drain(outputs.EventsUrl);
    const taskArn = await runTask({ EXIT_CODE: '3' });
    await stopped(taskArn);
    const event = await until(
      // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- a test reads any part of it
      async () => (await receive(outputs.EventsUrl)).find(({ detail }) => detail.taskArn === taskArn),
      'the event',
    );
    expect(event).toMatchObject({
      source: 'aws.ecs',
      'detail-type': 'ECS Task State Change',
      account: '000000000000',
      region: 'us-east-1',
      resources: [taskArn],
      detail: {
        clusterArn: outputs.ClusterArn,
        taskDefinitionArn: outputs.DefinitionArn,
        group: 'family:worker',
        lastStatus: 'STOPPED',
        desiredStatus: 'STOPPED',
        launchType: 'FARGATE',
        stopCode: 'EssentialContainerExited',
        stoppedReason: 'Essential container in task exited',
        containers: [{ name: 'worker', exitCode: 3, lastStatus: 'STOPPED' }],
        overrides: { containerOverrides: [{ name: 'worker', environment: [{ name: 'EXIT_CODE', value: '3' }] }] },
      },
    });
    expect(event.detail.createdAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(event.detail).not.toHaveProperty('containerInstanceArn');
  });

  test('cannot be protected', async () => {
    const taskArn = await runTask({});
    expect(await printed(taskArn, 'protection')).toEqual({
      status: 200,
      body: { failure: { Arn: taskArn, Detail: null, Reason: 'TASK_NOT_VALID' } },
    });
    await ecs.send(new StopTaskCommand({ cluster: outputs.ClusterArn, task: taskArn }));
  });

  test('are killed when they ignore SIGTERM for longer than stopTimeout', async () => {
    const taskArn = await runTask({ STUBBORN: '1' });
    await printed(taskArn, 'protection');
    const started = Date.now();
    await ecs.send(new StopTaskCommand({ cluster: outputs.ClusterArn, task: taskArn }));
    expect((await stopped(taskArn)).containers).toMatchObject([{ exitCode: 137 }]);
    expect(Date.now() - started).toBeGreaterThan(1_900);
  });

  test('fail to start when no command stands for their image', async () => {
    const { taskDefinition } = await register('example.com/nothing:1');
    const { tasks } = await ecs.send(
      new RunTaskCommand({
        cluster: outputs.ClusterArn,
        taskDefinition,
        launchType: 'FARGATE',
        networkConfiguration: NETWORK,
      }),
    );
    const task = await stopped(tasks![0].taskArn!);
    expect(task).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(
        /^CannotPullContainerError: .*no entry of the task map stands for the image example.com\/nothing:1/,
      ),
    });
  });

  test('events of stopped tasks are lost and repeated on request', async () => {
    await drain(outputs.EventsUrl);
    cloud.faults.dropNextStopped();
    const lost = await runTask({ EXIT_CODE: '4' });
    await stopped(lost);
    cloud.faults.repeatNextStopped();
    const repeated = await runTask({ EXIT_CODE: '5' });
    await stopped(repeated);
    const seen: string[] = [];
    await until(async () => {
      seen.push(...(await receive(outputs.EventsUrl)).map(({ detail }) => detail.taskArn as string));
      return seen.length >= 2;
    }, 'the events');
    expect(seen).toEqual([repeated, repeated]);
  });

  test('RunTask with the same client token returns the same task, and refuses the token for another request', async () => {
    const request = {
      cluster: outputs.ClusterArn,
      taskDefinition: outputs.DefinitionArn,
      launchType: 'FARGATE' as const,
      networkConfiguration: NETWORK,
      clientToken: 'once',
    };
    const first = await ecs.send(new RunTaskCommand(request));
    const again = await ecs.send(new RunTaskCommand(request));
    expect(again.tasks![0].taskArn).toBe(first.tasks![0].taskArn);
    await expect(ecs.send(new RunTaskCommand({ ...request, startedBy: 'another' }))).rejects.toMatchObject({
      name: 'ConflictException',
    });
    await ecs.send(new StopTaskCommand({ cluster: outputs.ClusterArn, task: first.tasks![0].taskArn }));
    expect((await ecs.send(new RunTaskCommand(request))).tasks![0].desiredStatus).toBe('STOPPED');
  });

  test('a refusal does not use up a client token', async () => {
    const request = {
      cluster: outputs.ClusterArn,
      taskDefinition: outputs.DefinitionArn,
      launchType: 'FARGATE' as const,
      networkConfiguration: NETWORK,
      clientToken: 'refused',
    };
    await cloud.faults.refusePlacements(1);
    expect((await ecs.send(new RunTaskCommand(request))).tasks).toEqual([]);
    const { tasks } = await ecs.send(new RunTaskCommand(request));
    await ecs.send(new StopTaskCommand({ cluster: outputs.ClusterArn, task: tasks![0].taskArn }));
  });

  test('deliveries of events are repeated and delayed on request', async () => {
    await drain(outputs.EventsUrl);
    await cloud.faults.disturbDeliveries({ repeat: 1, delaySeconds: 1 });
    const taskArn = await runTask({ EXIT_CODE: '0' });
    await stopped(taskArn);
    await cloud.faults.disturbDeliveries();
    const seen: string[] = [];
    await until(async () => {
      seen.push(
        ...(await receive(outputs.EventsUrl))
          .filter(({ detail }) => detail.taskArn === taskArn)
          .map(({ detail }) => detail.lastStatus as string),
      );
      return seen.filter((status) => status === 'STOPPED').length === 2;
    }, 'both copies');
    await expect(cloud.faults.disturbDeliveries({ repeat: 2 })).rejects.toMatchObject({ code: 'OptionInvalid' });
  });

  test('a refused RunTask returns a failure and no task', async () => {
    await cloud.faults.refusePlacements(1);
    const { tasks, failures } = await ecs.send(
      new RunTaskCommand({
        cluster: outputs.ClusterArn,
        taskDefinition: outputs.DefinitionArn,
        launchType: 'FARGATE',
        networkConfiguration: NETWORK,
      }),
    );
    expect(tasks).toEqual([]);
    expect(failures).toMatchObject([{ reason: expect.stringMatching(/^Capacity is unavailable at this time/) }]);
  });
});

describe('tasks that other services start', () => {
  async function execute(
    stateMachineArn: string,
    input: object,
  ): Promise<{ status?: string; output?: string; error?: string; cause?: string }> {
    const states = new SFNClient(cloud.clientConfig());
    const { executionArn } = await states.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    const ended = await until(async () => {
      const execution = await states.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status !== 'RUNNING' && execution;
    }, 'the execution to end');
    states.destroy();
    return ended;
  }

  test('runTask.sync succeeds with exit code 0, in the shape of AWS', async () => {
    const { status, output: text = '{}' } = await execute(outputs.MachineArn, { exitCode: '0' });
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(text)).toMatchObject({
      LastStatus: 'STOPPED',
      StartedBy: 'AWS Step Functions',
      Containers: [{ Name: 'worker', ExitCode: 0 }],
      StoppedAt: expect.any(Number),
    });
  });

  test('runTask.sync fails with another exit code', async () => {
    const { status, error, cause = '{}' } = await execute(outputs.MachineArn, { exitCode: '3' });
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'States.TaskFailed' });
    expect(JSON.parse(cause)).toMatchObject({ Containers: [{ ExitCode: 3 }] });
  });

  test('runTask.sync that times out stops its task', async () => {
    const { status, error } = await execute(outputs.TimedArn, {});
    expect([status, error]).toEqual([expect.stringMatching(/FAILED|TIMED_OUT/), 'States.Timeout']);
    const task = await until(
      () =>
        cloud
          .tasks()
          .find(({ stoppedReason, lastStatus }) => stoppedReason === 'States.Timeout' && lastStatus === 'STOPPED'),
      'the task to be stopped',
    );
    expect(task.containers[0].exitCode).toBe(7);
  });

  test('an execution that is stopped stops its tasks, and neither retries nor catches their end', async () => {
    const states = new SFNClient(cloud.clientConfig());
    const { definition = '', roleArn } = await states.send(
      new DescribeStateMachineCommand({ stateMachineArn: outputs.MachineArn }),
    );
    const { Run: run } = (JSON.parse(definition) as { States: { Run: object } }).States;
    const again = { ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 3 };
    const elsewhere = { ErrorEquals: ['States.ALL'], Next: 'Caught' };
    const { stateMachineArn } = await states.send(
      new CreateStateMachineCommand({
        name: 'stopped',
        roleArn,
        definition: JSON.stringify({
          StartAt: 'Both',
          States: {
            Both: {
              Type: 'Parallel',
              Branches: ['A', 'B'].map((name) => ({ StartAt: name, States: { [name]: { ...run, Retry: [again] } } })),
              Retry: [again],
              Catch: [elsewhere],
              End: true,
            },
            Caught: { Type: 'Pass', End: true },
          },
        }),
      }),
    );
    const { executionArn } = await states.send(
      new StartExecutionCommand({ stateMachineArn, input: '{"exitCode":""}' }),
    );
    const known = new Set(cloud.tasks().map(({ taskArn }) => taskArn));
    const started = () => cloud.tasks().filter(({ taskArn }) => !known.has(taskArn));
    await until(
      () => started().filter(({ lastStatus }) => lastStatus === 'RUNNING').length === 2,
      'the tasks of both branches',
    );
    await states.send(new StopExecutionCommand({ executionArn }));
    await until(() => started().every(({ lastStatus }) => lastStatus === 'STOPPED'), 'the end of the tasks');
    await cloud.clock.advance(60);
    expect(started().map(({ stoppedReason }) => stoppedReason)).toEqual(['States.Aborted', 'States.Aborted']);
    const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(events.at(-1)).toMatchObject({ type: 'ExecutionAborted' });
    await expect(states.send(new DescribeExecutionCommand({ executionArn }))).resolves.toMatchObject({
      status: 'ABORTED',
    });
    states.destroy();
  });

  test('a rule runs a task with overrides made of the event', async () => {
    const events = new EventBridgeClient(cloud.clientConfig());
    await events.send(
      new PutEventsCommand({ Entries: [{ Source: 'test.app', DetailType: 'Run', Detail: '{"code":"6"}' }] }),
    );
    const task = await until(
      () =>
        cloud
          .tasks()
          .find(({ startedBy, lastStatus }) => startedBy?.startsWith('events-rule/') && lastStatus === 'STOPPED'),
      'the task',
    );
    expect(task.containers[0].exitCode).toBe(6);
    events.destroy();
  });

  test('a schedule runs a task', async () => {
    const scheduler = new SchedulerClient(cloud.clientConfig());
    await scheduler.send(
      new CreateScheduleCommand({
        Name: 'once',
        ScheduleExpression: `at(${new Date(Date.now() - 1000).toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: outputs.ClusterArn,
          RoleArn: outputs.StatesRoleArn,
          EcsParameters: {
            TaskDefinitionArn: outputs.DefinitionArn,
            LaunchType: 'FARGATE',
            NetworkConfiguration: { awsvpcConfiguration: { Subnets: ['subnet-1'] } },
          },
          Input: JSON.stringify({
            containerOverrides: [{ name: 'worker', environment: [{ name: 'EXIT_CODE', value: '8' }] }],
          }),
        },
      }),
    );
    const task = await until(
      () =>
        cloud
          .tasks()
          .find(({ startedBy, lastStatus }) => startedBy === 'chronos-schedule/once' && lastStatus === 'STOPPED'),
      'the task',
      40_000,
    );
    expect(task.containers[0].exitCode).toBe(8);
    scheduler.destroy();
  });
});

describe('update', () => {
  test('rolls the service to the new task definition', async () => {
    const [before] = await scale(1);
    const app = copyApp();
    editTemplate(app, 'Pipeline', ({ Resources }) => {
      Resources.Definition.Properties.ContainerDefinitions[0].Environment[1].Value = 'good evening';
    });
    await cloud.update(app);
    const after = await until(
      () => running(cloud, SERVICE).find(({ taskDefinitionArn }) => taskDefinitionArn !== before.taskDefinitionArn),
      'a task of the new definition',
    );
    expect((await printed(after.taskArn, 'env')).GREETING).toBe('good evening');
    await stopped(before.taskArn);
    await until(() => running(cloud, SERVICE).length === 1, 'one task');
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: outputs.ClusterArn, tasks: [after.taskArn] }));
    expect(tasks![0]).toMatchObject({ lastStatus: 'RUNNING', taskDefinitionArn: after.taskDefinitionArn });
  });

  test('makes a stack that is new in the app, deletes one that is gone, and leaves the others', async () => {
    const app = copyApp();
    const manifest = JSON.parse(readFileSync(join(app, 'manifest.json'), 'utf8')) as {
      artifacts: Record<string, unknown>;
    };
    manifest.artifacts.Extra = {
      type: 'aws:cloudformation:stack',
      properties: { templateFile: 'Extra.template.json' },
    };
    writeFileSync(join(app, 'manifest.json'), JSON.stringify(manifest));
    writeFileSync(
      join(app, 'Extra.template.json'),
      JSON.stringify({
        Resources: { Queue: { Type: 'AWS::SQS::Queue' } },
        Outputs: { Url: { Value: { Ref: 'Queue' } } },
      }),
    );
    await cloud.update(app);
    const url = cloud.outputs('Extra').Url;
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));
    lines.length = 0;
    await cloud.update(APP);
    await expect(sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }))).rejects.toThrow(
      /does not exist/,
    );
    expect(cloud.stacks()).toEqual(['Network', 'Pipeline']);
    expect(lines.filter((line) => !line.includes('left out'))).toEqual([
      expect.stringMatching(/^Network: unchanged/),
      expect.stringMatching(/^Pipeline: /),
      'Extra: deleted',
    ]);
  });

  test('fails with the resource and its reason, and keeps what was deployed', async () => {
    const app = copyApp();
    editTemplate(app, 'Network', ({ Resources }) => {
      Resources.Broken = {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: { MetricName: 'm', Namespace: 'n', EvaluationPeriods: 1, Threshold: 1 },
      };
    });
    await expect(cloud.update(app)).rejects.toMatchObject({
      code: 'DeploymentFailed',
      message: expect.stringMatching(
        /^stack Network ended in UPDATE_ROLLBACK_COMPLETE: Broken \(AWS::CloudWatch::Alarm\): ComparisonOperator is required/,
      ),
    });
    expect(cloud.stacks()).toEqual(['Network', 'Pipeline']);
    await cloud.update(APP);
  });
});

test('stop ends every process, and may be called again', async () => {
  await scale(2);
  await sqs.send(new SendMessageCommand({ QueueUrl: outputs.QueueUrl, MessageBody: 'x' }));
  const pids = cloud
    .tasks()
    .flatMap(({ processes }) => processes.flatMap(({ pid }) => pid ?? []))
    .filter(alive);
  expect(pids.length).toBeGreaterThanOrEqual(2);
  const { endpoint } = cloud;
  await Promise.all([cloud.stop(), cloud.stop()]);
  await cloud.stop();
  expect(pids.filter(alive)).toEqual([]);
  await expect(fetch(endpoint)).rejects.toThrow();
});
