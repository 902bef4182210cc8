import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ExecutionLimitExceeded,
  type SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { StateMachineHost } from '../../../src/handlers/shared/state-machine-host';
import { fileIn } from '../../runtime/dispatch/support/rows';

const stateMachineArn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:unpack';
const worker = 'arn:aws:states:eu-central-1:111122223333:execution:unpack:Dispatcher1-abc-3';
const file = fileIn('starting', {
  id: 'abc',
  epoch: 3,
  fence: 9,
  object: { bucket: 'inbox', key: 'a/1.csv', versionId: 'v1' },
});
const error = { $metadata: {}, message: 'said so' };

function hostWith(answer: unknown) {
  const send = jest.fn<Promise<unknown>, [{ readonly input: object }]>(() =>
    answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer),
  );
  const host = new StateMachineHost({
    client: { send } as unknown as SFNClient,
    stateMachines: { A: { stateMachineArn } },
    executionPrefix: 'Dispatcher1',
  });
  return { host, send };
}

test('starts one execution, named by file and epoch, that knows its file', async () => {
  const { host, send } = hostWith({ executionArn: worker });
  await expect(host.launch(file)).resolves.toEqual({ kind: 'launched', ended: false, worker });
  await host.launch(file);
  const [[first], [second]] = send.mock.calls;
  expect(first).toBeInstanceOf(StartExecutionCommand);
  expect(first.input).toEqual({ stateMachineArn, name: 'Dispatcher1-abc-3', input: expect.any(String) as string });
  expect(JSON.parse((first.input as { input: string }).input)).toEqual({
    fileId: 'abc',
    type: 'A',
    epoch: 3,
    fence: 9,
    correlationId: 'event-1',
    object: { bucket: 'inbox', key: 'a/1.csv', versionId: 'v1' },
  });
  // Or Step Functions would not take it for the same
  expect(second.input).toEqual(first.input);
});

test('the name of an execution fits, however often its file is launched', async () => {
  const { host, send } = hostWith({});
  await new StateMachineHost({
    client: { send } as unknown as SFNClient,
    stateMachines: { A: { stateMachineArn } },
    executionPrefix: 'x'.repeat(16),
  }).launch({ ...file, id: 'a'.repeat(52), epoch: 1_000_000_000 });
  expect((send.mock.calls[0][0].input as { name: string }).name.length).toBeLessThanOrEqual(80);
  await host.launch(file);
});

describe('a start that is denied after the reply of an earlier one was lost', () => {
  const denied = Object.assign(new Error('not authorized to perform: states:StartExecution'), {
    name: 'AccessDeniedException',
    $fault: 'client',
  });
  const answers = (found: unknown) => {
    const { host, send } = hostWith({});
    send.mockImplementation((command) => {
      const answer = command instanceof StartExecutionCommand ? denied : found;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
    return { host, send };
  };

  test.each<[string, unknown, object]>([
    ['that runs', { status: 'RUNNING' }, { kind: 'launched', ended: false, worker }],
    ['that has ended', { status: 'FAILED' }, { kind: 'launched', ended: true, worker }],
    ['that does not exist', new ExecutionDoesNotExist(error), { kind: 'refused' }],
    ['that cannot be looked up', new Error('no answer'), { kind: 'unknown' }],
  ])('depends on the execution %s', async (_, found, result) => {
    const { host, send } = answers(found);
    await expect(host.launch(file)).resolves.toMatchObject(result);
    expect(send.mock.calls[1][0]).toBeInstanceOf(DescribeExecutionCommand);
    expect(send.mock.calls[1][0].input).toEqual({ executionArn: worker });
  });
});

test.each<[string, unknown, object]>([
  ['an execution of that name has ended', new ExecutionAlreadyExists(error), { kind: 'launched', ended: true, worker }],
  ['too many executions run', new ExecutionLimitExceeded(error), { kind: 'refused' }],
  [
    'throttling',
    Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException', $fault: 'client' }),
    { kind: 'throttled' },
  ],
  [
    'no such state machine',
    new StateMachineDoesNotExist(error),
    { kind: 'misconfigured', reason: 'StateMachineDoesNotExist: said so' },
  ],
  ['a broken connection', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), { kind: 'unknown' }],
])('returns the result of a start: %s', async (_, answer, result) => {
  const { host, send } = hostWith(answer);
  send.mockRejectedValueOnce(answer).mockRejectedValueOnce(new ExecutionDoesNotExist(error));
  await expect(host.launch(file)).resolves.toMatchObject(result);
});

test.each<[string, unknown, object]>([
  ['runs', { status: 'RUNNING' }, { kind: 'working' }],
  ['succeeded', { status: 'SUCCEEDED', output: '{}' }, { kind: 'done' }],
  [
    'failed',
    { status: 'FAILED', error: 'States.TaskFailed', cause: 'x'.repeat(2_000) },
    {
      kind: 'stopped',
      interrupted: false,
      reason: `FAILED: ${`States.TaskFailed: ${'x'.repeat(2_000)}`.slice(0, 1_000)}`,
    },
  ],
  ['timed out', { status: 'TIMED_OUT' }, { kind: 'stopped', reason: 'TIMED_OUT: no reason given' }],
  [
    'was aborted',
    { status: 'ABORTED', error: null, cause: null },
    { kind: 'stopped', reason: 'ABORTED: no reason given' },
  ],
  ['was forgotten', new ExecutionDoesNotExist(error), { kind: 'stopped' }],
])('knows an execution that %s', async (_, answer, state) => {
  const { host, send } = hostWith(answer);
  await expect(host.describe(worker)).resolves.toMatchObject(state);
  expect(send.mock.calls[0][0]).toBeInstanceOf(DescribeExecutionCommand);
  expect(send.mock.calls[0][0].input).toEqual({ executionArn: worker });
});

test('fails rather than take another error for evidence', async () => {
  await expect(hostWith(new Error('no answer')).host.describe(worker)).rejects.toThrow('no answer');
});

test('stops an execution, and says why', async () => {
  const { host, send } = hostWith({});
  await host.stop(worker, 'too long');
  expect(send.mock.calls[0][0]).toBeInstanceOf(StopExecutionCommand);
  expect(send.mock.calls[0][0].input).toEqual({ executionArn: worker, error: 'Fileworks.Stopped', cause: 'too long' });
});
