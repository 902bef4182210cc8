import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type ContainerDefinition,
} from '@aws-sdk/client-ecs';
import { LocalCloud, type OutputEvent, type TaskRecord } from '../src';
import { APP, TOOLS, until } from './support/cloud';

jest.setTimeout(120_000);

/** Each container is a shell with the `command` of its definition. */
const TASKS = { tasks: [{ image: 'shell', entrypoint: ['/bin/sh', '-c'], command: ['true'] }] };
const FOREVER = 'trap "echo stopping; exit 5" TERM; while :; do sleep 0.05; done';
const CLUSTER = 'jobs';

const output: OutputEvent[] = [];
const records: TaskRecord[] = [];
let cloud: LocalCloud;
let ecs: ECSClient;
let families = 0;

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: APP, tasks: TASKS, toolsDir: TOOLS, speed: 0.1 });
  cloud.on('output', (event) => output.push(event));
  cloud.on('task', ({ task }) => records.push(task));
  ecs = new ECSClient(cloud.clientConfig());
});

afterAll(async () => {
  ecs.destroy();
  await cloud.stop();
});

type Shell = Partial<ContainerDefinition> & { readonly name: string; readonly run: string };

async function register(...containers: readonly Shell[]): Promise<string> {
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: `family-${++families}`,
      containerDefinitions: containers.map(({ run, ...definition }) => ({
        image: 'shell',
        command: [run],
        stopTimeout: 5,
        ...definition,
      })),
    }),
  );
  return taskDefinition!.taskDefinitionArn!;
}

async function run(...containers: readonly Shell[]): Promise<string> {
  const { tasks } = await ecs.send(
    new RunTaskCommand({ cluster: CLUSTER, taskDefinition: await register(...containers), launchType: 'FARGATE' }),
  );
  return tasks![0].taskArn!;
}

function latest(taskArn: string): TaskRecord | undefined {
  return cloud.tasks().find((task) => task.taskArn === taskArn);
}

function reached(taskArn: string, lastStatus: string): Promise<TaskRecord> {
  return until(() => {
    const task = latest(taskArn);
    return task?.lastStatus === lastStatus && task;
  }, `the task to be ${lastStatus}`);
}

const linesOf = (taskArn: string): string[] =>
  output.filter((event) => event.taskArn === taskArn).map(({ container, line }) => `${container}: ${line}`);

const eventsOf = (taskArn: string): TaskRecord[] => records.filter((task) => task.taskArn === taskArn);

const container = (task: TaskRecord, name: string) => task.containers.find((each) => each.name === name)!;

const check = (command: string, options = {}) => ({
  healthCheck: { command: ['CMD-SHELL', command], interval: 5, timeout: 2, retries: 1, ...options },
});

describe('states of a task', () => {
  test('are passed in the order of ECS, and each event has the next version', async () => {
    const taskArn = await run({ name: 'main', run: FOREVER });
    await reached(taskArn, 'RUNNING');
    await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: taskArn, reason: 'enough' }));
    const end = await reached(taskArn, 'STOPPED');
    expect(
      eventsOf(taskArn).map(({ version, lastStatus, desiredStatus }) => [version, lastStatus, desiredStatus]),
    ).toEqual([
      [1, 'PROVISIONING', 'RUNNING'],
      [2, 'PENDING', 'RUNNING'],
      [3, 'RUNNING', 'RUNNING'],
      [4, 'RUNNING', 'STOPPED'],
      [5, 'DEPROVISIONING', 'STOPPED'],
      [6, 'STOPPED', 'STOPPED'],
    ]);
    const times = ['createdAt', 'startedAt', 'stoppingAt', 'executionStoppedAt', 'stoppedAt'].map((key) =>
      String(end[key]),
    );
    expect(times).toEqual([...times].sort());
    expect(eventsOf(taskArn)[4]).not.toHaveProperty('stoppedAt');
    expect(container(end, 'main')).toMatchObject({ lastStatus: 'STOPPED', exitCode: 5 });
  });

  test('end with the essential container: the others get SIGTERM', async () => {
    const taskArn = await run({ name: 'main', run: 'sleep 0.2; exit 4' }, { name: 'side', run: FOREVER });
    const end = await reached(taskArn, 'STOPPED');
    expect(end).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
    });
    expect(end.containers).toMatchObject([{ exitCode: 4 }, { exitCode: 5 }]);
    expect(linesOf(taskArn)).toEqual(['side: stopping']);
  });

  test('do not end with a container that is not essential, whose end is an event', async () => {
    const taskArn = await run({ name: 'main', run: FOREVER }, { name: 'side', run: 'exit 9', essential: false });
    await until(
      () => eventsOf(taskArn).some((task) => container(task, 'side').exitCode === 9),
      'the end of the container',
    );
    const task = await reached(taskArn, 'RUNNING');
    expect(task.desiredStatus).toBe('RUNNING');
    expect(eventsOf(taskArn).map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: taskArn }));
    await reached(taskArn, 'STOPPED');
  });
});

describe('dependsOn', () => {
  const on = (containerName: string, condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY') => ({
    dependsOn: [{ containerName, condition }],
  });

  test('SUCCESS: the container starts after its gate, and the task is RUNNING only then', async () => {
    const taskArn = await run(
      { name: 'file', run: 'echo file', ...on('gate', 'SUCCESS') },
      { name: 'gate', run: 'sleep 0.3; echo gate', essential: false },
    );
    const end = await reached(taskArn, 'STOPPED');
    expect(linesOf(taskArn)).toEqual(['gate: gate', 'file: file']);
    expect(end.containers).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }]);
    expect(eventsOf(taskArn).map(({ lastStatus }) => lastStatus)).toEqual([
      'PROVISIONING',
      'PENDING',
      'ACTIVATING',
      'RUNNING',
      'RUNNING',
      'DEPROVISIONING',
      'STOPPED',
    ]);
  });

  test('SUCCESS: a gate that fails stops the task before the container starts', async () => {
    const taskArn = await run(
      { name: 'file', run: 'echo file', ...on('gate', 'SUCCESS') },
      { name: 'gate', run: 'exit 3', essential: false },
    );
    const end = await reached(taskArn, 'STOPPED');
    expect(linesOf(taskArn)).toEqual([]);
    expect(end).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' });
    expect(end).not.toHaveProperty('startedAt');
    expect(container(end, 'file')).toMatchObject({
      exitCode: 143,
      reason:
        'CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [gate(shell) (STOPPED->RUNNING) - Exit: 3] ' +
        'for target [file(shell) (NONE->RUNNING)] as dependency did not exit successfully.',
    });
  });

  test('COMPLETE: any exit code will do; a container that is not needed may fail to start', async () => {
    const taskArn = await run(
      { name: 'first', run: 'echo first; exit 2', essential: false },
      { name: 'never', run: 'echo never', essential: false, ...on('first', 'SUCCESS') },
      { name: 'main', run: 'sleep 0.2; echo main', ...on('first', 'COMPLETE') },
    );
    const end = await reached(taskArn, 'STOPPED');
    expect(linesOf(taskArn)).toEqual(['first: first', 'main: main']);
    expect(end).toMatchObject({ stopCode: 'EssentialContainerExited' });
    expect(end.containers).toMatchObject([{ exitCode: 2 }, { exitCode: 143 }, { exitCode: 0 }]);
  });

  test('startTimeout of the dependency ends the wait', async () => {
    const taskArn = await run(
      { name: 'slow', run: FOREVER, essential: false, startTimeout: 2 },
      { name: 'main', run: 'echo main', ...on('slow', 'COMPLETE') },
    );
    const end = await reached(taskArn, 'STOPPED');
    expect(container(end, 'main').reason).toMatch(/for target \[main\(shell\) \(NONE->RUNNING\)\] has timed out\.$/);
    expect(container(end, 'slow')).toMatchObject({ exitCode: 5 });
  });

  test('START: the order of the stop is the reverse of the start', async () => {
    const taskArn = await run(
      { name: 'router', run: FOREVER },
      {
        name: 'main',
        run: 'trap "sleep 0.3; echo drained; exit 0" TERM; echo up; while :; do sleep 0.05; done',
        ...on('router', 'START'),
      },
    );
    await until(() => linesOf(taskArn).includes('main: up'), 'the container to start');
    await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: taskArn }));
    await reached(taskArn, 'STOPPED');
    expect(linesOf(taskArn)).toEqual(['main: up', 'main: drained', 'router: stopping']);
  });

  test.each([
    [
      'a container that is not there',
      on('nothing', 'START'),
      {},
      /depends on the container nothing, which the task definition does not have/,
    ],
    [
      'an essential one that must end',
      on('other', 'SUCCESS'),
      {},
      /SUCCESS or COMPLETE condition cannot be an essential container/,
    ],
    [
      'one without a health check',
      on('other', 'HEALTHY'),
      {},
      /waits until other is HEALTHY, which has no healthCheck/,
    ],
    ['itself, in a circle', on('other', 'START'), on('main', 'START'), /main, other depend on each other in a circle/],
  ])('on %s is refused', async (_what, main, other, message) => {
    const definition = register({ name: 'main', run: 'true', ...main }, { name: 'other', run: 'true', ...other });
    await expect(definition).rejects.toMatchObject({
      name: 'ClientException',
      message: expect.stringMatching(message),
    });
  });
});

describe('health checks', () => {
  const failing = { name: 'main', run: FOREVER, ...check('exit 1') };
  let waiting: string;
  let alone: string;

  beforeAll(async () => {
    // All at once: the shortest interval of a check is five seconds.
    waiting = await run(
      {
        name: 'database',
        run: FOREVER,
        ...check('test "$READY" = yes'),
        environment: [{ name: 'READY', value: 'yes' }],
      },
      { name: 'main', run: FOREVER, dependsOn: [{ containerName: 'database', condition: 'HEALTHY' }] },
    );
    alone = await run(failing);
    await ecs.send(
      new CreateServiceCommand({
        cluster: CLUSTER,
        serviceName: 'unhealthy',
        taskDefinition: await register(failing),
        desiredCount: 1,
        launchType: 'FARGATE',
      }),
    );
  });

  test('HEALTHY starts the next container; the status is in DescribeTasks, and in no event', async () => {
    await reached(waiting, 'RUNNING');
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: [waiting] }));
    // The other essential container has no check.
    expect(tasks![0]).toMatchObject({
      healthStatus: 'UNKNOWN',
      containers: [{ healthStatus: 'HEALTHY' }, { healthStatus: 'UNKNOWN' }],
    });
    expect(eventsOf(waiting).map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  test('a service replaces an unhealthy task', async () => {
    const replaced = await until(
      () => cloud.tasks().find(({ group, lastStatus }) => group === 'service:unhealthy' && lastStatus === 'STOPPED'),
      'the task to be replaced',
    );
    expect(replaced).toMatchObject({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: 'Task failed container health checks',
      healthStatus: 'UNHEALTHY',
      containers: [{ exitCode: 5, healthStatus: 'UNHEALTHY' }],
    });
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: CLUSTER, services: ['unhealthy'] }));
    expect(services![0].events!.map(({ message }) => message)).toContain(
      `(service unhealthy) (task ${replaced.taskArn.split('/').at(-1)}) failed container health checks.`,
    );
  });

  test('an unhealthy task without a service continues', async () => {
    await until(() => latest(alone)?.healthStatus === 'UNHEALTHY', 'the task to be unhealthy');
    expect(latest(alone)).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
  });
});
