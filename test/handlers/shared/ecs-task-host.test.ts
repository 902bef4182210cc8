import {
  ClientException,
  ConflictException,
  DescribeTasksCommand,
  type ECSClient,
  InvalidParameterException,
  ListTasksCommand,
  RunTaskCommand,
  ServerException,
} from '@aws-sdk/client-ecs';
import type { DispatchLaunch } from '../../../src/contract/dispatch-config';
import { EcsTaskHost, stateOf } from '../../../src/handlers/shared/ecs-task-host';
import { fileIn } from '../../runtime/dispatch/support/rows';

const launch = {
  cluster: 'arn:cluster',
  taskDefinition: 'arn:task-definition:7',
  container: 'worker',
  subnets: ['s-1'],
  securityGroups: ['sg-1'],
  assignPublicIp: false,
  capacity: [{ capacityProvider: 'FARGATE', weight: 1 }],
};
const file = fileIn('starting', {
  id: 'abc',
  epoch: 3,
  fence: 9,
  object: { bucket: 'inbox', key: 'a/1.csv', versionId: 'v1' },
});

function hostWith(answer: unknown, more: Partial<DispatchLaunch> = {}, startedBy = 'fw/d') {
  const send = jest.fn<Promise<unknown>, [unknown]>(() =>
    answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer),
  );
  const host = new EcsTaskHost({
    client: { send } as unknown as ECSClient,
    launches: { A: { ...launch, ...more } },
    startedBy,
    environment: { FILEWORKS_DISPATCH_TABLE: 'table' },
  });
  return { host, input: () => (send.mock.calls[0][0] as { input: object }).input, send };
}

const error = { $metadata: {}, message: '' };

test('gives the same token for the same launch, and another one for another launch or another dispatcher of the cluster', async () => {
  const tokenOf = async (epoch: number, startedBy: string) => {
    const { host, input } = hostWith({ tasks: [{}] }, {}, startedBy);
    await host.launch({ ...file, epoch });
    return (input() as { clientToken: string }).clientToken;
  };
  const tokens = await Promise.all([tokenOf(3, 'fw/d'), tokenOf(3, 'fw/d'), tokenOf(4, 'fw/d'), tokenOf(3, 'fw/e')]);
  expect(tokens[0]).toBe(tokens[1]);
  expect(new Set(tokens).size).toBe(3);
});

test('launches one task, named by file and epoch, that knows its file', async () => {
  const { host, input, send } = hostWith({ tasks: [{ lastStatus: 'PROVISIONING' }] });
  await expect(host.launch(file)).resolves.toEqual({ kind: 'launched', ended: false });
  expect(send.mock.calls[0][0]).toBeInstanceOf(RunTaskCommand);
  expect(input()).toMatchObject({
    count: 1,
    clientToken: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    startedBy: 'fw/d/abc/3',
    cluster: 'arn:cluster',
    taskDefinition: 'arn:task-definition:7',
  });
  const { overrides } = input() as {
    overrides: { containerOverrides: { environment: { name: string; value: string }[] }[] };
  };
  expect(
    Object.fromEntries(overrides.containerOverrides[0].environment.map(({ name, value }) => [name, value])),
  ).toEqual({
    FILEWORKS_DISPATCH_TABLE: 'table',
    FILEWORKS_FILE_ID: 'abc',
    FILEWORKS_FILE_EPOCH: '3',
    FILEWORKS_FILE_FENCE: '9',
    FILEWORKS_FILE_BUCKET: 'inbox',
    FILEWORKS_FILE_KEY: 'a/1.csv',
    FILEWORKS_FILE_VERSION_ID: 'v1',
  });
});

test.each<[string, unknown, object]>([
  ['the same task that has stopped', { tasks: [{ lastStatus: 'STOPPED' }] }, { kind: 'launched', ended: true }],
  [
    'no room, with HTTP 200',
    { tasks: [], failures: [{ reason: 'RESOURCE:CPU' }] },
    { kind: 'refused', reason: 'RESOURCE:CPU' },
  ],
  [
    'a token used with other parameters',
    new ConflictException({ ...error, message: 'client token', resourceIds: ['arn'] }),
    { kind: 'launched', ended: false },
  ],
  [
    'throttling that looks like a wrong parameter',
    new InvalidParameterException({ ...error, message: 'Rate exceeded' }),
    { kind: 'throttled' },
  ],
  [
    'no capacity',
    new ClientException({ ...error, message: 'Capacity is unavailable at this time' }),
    { kind: 'refused' },
  ],
  [
    'a task definition that does not exist',
    new ClientException({ ...error, message: 'Unable to describe task definition.' }),
    { kind: 'misconfigured' },
  ],
  [
    'a revision that a rollback has taken away',
    new ClientException({ ...error, message: 'TaskDefinition is inactive' }),
    { kind: 'refused' },
  ],
  [
    'no permission',
    Object.assign(new Error('not authorized'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
    { kind: 'refused' },
  ],
  ['a broken connection', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), { kind: 'unknown' }],
  [
    'a fault of ECS',
    new ServerException({ ...error, $metadata: { httpStatusCode: 500 }, message: 'internal' }),
    { kind: 'unknown' },
  ],
])('returns the result of a launch: %s', async (_, answer, result) => {
  await expect(hostWith(answer).host.launch(file)).resolves.toMatchObject(result);
});

test.each<[string, boolean, number, string]>([
  ['by default Spot is tried again', false, 2, 'FARGATE_SPOT'],
  ['the first launch is on Spot', true, 0, 'FARGATE_SPOT'],
  ['what was refused or reclaimed runs on demand', true, 1, 'FARGATE'],
])('%s', async (_, fallbackToOnDemand, interruptions, capacityProvider) => {
  const { host, input } = hostWith(
    { tasks: [{}] },
    { fallbackToOnDemand, capacity: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] },
  );
  await host.launch({ ...file, interruptions });
  expect(input()).toMatchObject({ capacityProviderStrategy: [{ capacityProvider, weight: 1 }] });
});

test('a task that ECS took and had no capacity for is no attempt of its file', () => {
  const over = (stoppedReason: string) =>
    stateOf({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart', stoppedReason });
  expect(
    over('Capacity is unavailable at this time. Please try again later or in a different availability zone'),
  ).toMatchObject({ kind: 'stopped', interrupted: true });
  expect(over('CannotPullContainerError: not found')).toMatchObject({ kind: 'stopped', interrupted: false });
});

test('a type without target, and overrides that are too long, need a person', async () => {
  const { host, send } = hostWith({});
  await expect(host.launch({ ...file, type: 'gone' })).resolves.toMatchObject({
    kind: 'misconfigured',
    reason: 'type gone no longer has a target',
  });
  await expect(host.launch({ ...file, object: { ...file.object, key: 'x'.repeat(9_000) } })).resolves.toMatchObject({
    kind: 'misconfigured',
  });
  expect(send).not.toHaveBeenCalled();
});

const arn = 'arn:aws:ecs:eu-central-1:111122223333:task/cluster-1/4f5e';

test.each<[string, unknown, object]>([
  ['at work', { tasks: [{ lastStatus: 'RUNNING' }] }, { kind: 'alive' }],
  ['on its way out', { tasks: [{ lastStatus: 'DEPROVISIONING' }] }, { kind: 'alive' }],
  [
    'stopped',
    { tasks: [{ lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited', stoppedReason: 'OOM' }] },
    { kind: 'stopped', interrupted: false, reason: 'EssentialContainerExited: OOM' },
  ],
  [
    'reclaimed by Spot',
    { tasks: [{ lastStatus: 'STOPPED', stopCode: 'SpotInterruption' }] },
    { kind: 'stopped', interrupted: true },
  ],
  ['forgotten', { tasks: [], failures: [{ reason: 'MISSING' }] }, { kind: 'stopped', interrupted: false }],
])('knows a task that is %s', async (_, answer, state) => {
  const { host, input, send } = hostWith(answer);
  await expect(host.describe(arn)).resolves.toMatchObject(state);
  expect(send.mock.calls[0][0]).toBeInstanceOf(DescribeTasksCommand);
  expect(input()).toEqual({ cluster: 'cluster-1', tasks: [arn] });
});

test('fails rather than take another answer for evidence', async () => {
  await expect(hostWith({ failures: [{ reason: 'SOMETHING' }] }).host.describe(arn)).rejects.toThrow('SOMETHING');
  await expect(hostWith({}).host.describe(arn)).rejects.toThrow('no reason given');
});

test('looks for the task of a launch by nothing but its name, and for its start', async () => {
  const startedAt = new Date(1_000);
  const { host, input, send } = hostWith({ taskArns: [arn, `${arn}2`], tasks: [{ taskArn: arn, startedAt }] });
  await expect(host.tasksOf(file)).resolves.toEqual([{ worker: arn, startedAt: 1_000 }, { worker: `${arn}2` }]);
  expect(send.mock.calls[0][0]).toBeInstanceOf(ListTasksCommand);
  expect(input()).toEqual({ cluster: 'arn:cluster', startedBy: 'fw/d/abc/3' });
  expect((send.mock.calls[1][0] as DescribeTasksCommand).input).toEqual({
    cluster: 'arn:cluster',
    tasks: [arn, `${arn}2`],
  });
});

test('a launch has no task when ECS lists none, or its type is gone', async () => {
  const { host, send } = hostWith({});
  await expect(host.tasksOf(file)).resolves.toEqual([]);
  await expect(host.tasksOf({ ...file, type: 'gone' })).resolves.toEqual([]);
  expect(send).toHaveBeenCalledTimes(1);
});
