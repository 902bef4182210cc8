import { DispatchEnv } from '../../../src/contract/dispatch-env';
import { ObjectTaskEnv } from '../../../src/contract/object-task-env';
import {
  ConfigurationError,
  ObjectTaskExitCode,
  readObjectTask,
  runObjectTask,
  type ObjectTaskHandler,
} from '../../../src/runtime/index.js';
import { OutageReport } from '../../../src/runtime/jobs/outage-report.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';
import { type Logger, silentLogger } from '../../../src/runtime/support/logger.js';

const env = {
  FILEWORKS_FILE_BUCKET: 'inbox',
  FILEWORKS_FILE_KEY: 'in/a b+c %41.mov',
  FILEWORKS_FILE_SIZE: '7',
  FILEWORKS_FILE_ETAG: 'e',
  FILEWORKS_FILE_VERSION_ID: '',
  FILEWORKS_FILE_SEQUENCER: '0A',
  FILEWORKS_FILE_REASON: 'PutObject',
  FILEWORKS_CORRELATION_ID: 'event-1',
};

async function run(handler: ObjectTaskHandler, more: object = {}): Promise<number[]> {
  const codes: number[] = [];
  await runObjectTask(handler, { env, logger: silentLogger, exit: (code) => codes.push(code), ...more });
  return codes;
}

test('gives the handler the object as it is named, without what the event did not say', async () => {
  const handler = jest.fn(() => Promise.resolve());
  expect(await run(handler)).toEqual([ObjectTaskExitCode.done]);
  expect(handler).toHaveBeenCalledWith(
    {
      object: { bucket: 'inbox', key: 'in/a b+c %41.mov', size: 7, etag: 'e', sequencer: '0A', reason: 'PutObject' },
      correlationId: 'event-1',
    },
    { signal: expect.any(AbortSignal) as AbortSignal, log: silentLogger },
  );
});

test('fails with a code of its own when the handler throws, and writes why under the correlation id', async () => {
  const lines: object[] = [];
  const logger = (fields: object): Logger => ({
    ...silentLogger,
    child: (more) => logger({ ...fields, ...more }),
    error: (line) => lines.push({ ...fields, ...line }),
  });
  const error = new Error('no such format');
  expect(await run(() => Promise.reject(error), { logger: logger({}) })).toEqual([70]);
  expect(lines).toEqual([{ correlationId: 'event-1', file: 'inbox/in/a b+c %41.mov', err: error }]);
});

const denied = () => Object.assign(new Error('denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });

test.each([
  ['is done when a dependency is back after 30 seconds', 30_000, [0]],
  ['is done when a dependency is back after nine minutes', 540_000, [0]],
  ['has a code of its own when a dependency is unavailable for an hour', 3_600_000, [69]],
])('%s', async (_, backAt, codes) => {
  const clock = new ManualClock();
  const calls: number[] = [];
  const ended = run(
    () => {
      calls.push(clock.now());
      return clock.now() < backAt ? Promise.reject(denied()) : Promise.resolve();
    },
    { clock },
  );
  await clock.advance(3_600_000);
  expect(await ended).toEqual(codes);
  expect(calls.at(-1)).toBeLessThanOrEqual(Math.min(backAt + 60_000, 600_000));
  expect(
    calls
      .slice(1)
      .map((call, index) => call - calls[index])
      .every((gap) => gap >= 5_000),
  ).toBe(true);
});

test.each([
  ['its environment allows', { FILEWORKS_DEPENDENCY_WAIT_SECONDS: '30' }, 30_000],
  ['a minute as a probe', { FILEWORKS_UNAVAILABLE_SECONDS: '5400' }, 60_000],
  ['not at all', { FILEWORKS_DEPENDENCY_WAIT_SECONDS: '0' }, 0],
])('waits for as long as %s', async (_, more, ms) => {
  const clock = new ManualClock();
  let last = 0;
  const ended = run(
    () => {
      last = clock.now();
      return Promise.reject(denied());
    },
    { clock, env: { ...env, ...more } },
  );
  await clock.advance(3_600_000);
  expect(await ended).toEqual([69]);
  expect(last).toBeLessThanOrEqual(ms);
  expect(last).toBeGreaterThanOrEqual(ms / 3);
});

test('cannot start with a wait that is too long', async () => {
  const more = { FILEWORKS_DEPENDENCY_WAIT_SECONDS: '601' };
  expect(await run(() => Promise.resolve(), { env: { ...env, ...more } })).toEqual([78]);
});

test('reports each minute for how long its construct has waited for a dependency, and not once it is back', async () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  const more = { FILEWORKS_TASK_NAME: 'Pipeline/Converter' };
  const ended = run(
    async () => {
      if (clock.now() < 130_000) {
        throw denied();
      }
      await new Promise<void>((resolve) => clock.after(3_000_000, resolve));
    },
    { clock, env: { ...env, ...more } },
  );
  await clock.advance(3_600_000);
  write.mockRestore();
  expect(await ended).toEqual([0]);
  const metrics = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => 'DependencyUnavailableTime' in line);
  const reported = metrics.map(({ Task, Dependency, DependencyUnavailableTime: time }) => [Task, Dependency, time]);
  expect(reported.slice(0, 6)).toEqual(
    [0, 60, 120].flatMap((seconds) => [
      ['Pipeline/Converter', undefined, seconds],
      ['Pipeline/Converter', 'AWS', seconds],
    ]),
  );
  // The run that was answered lasts for long
  expect(reported.length).toBeLessThanOrEqual(10);
});

test.each([60, 200, 290])('reports in one piece while a dependency hangs for %i seconds', async (seconds) => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const report = new OutageReport('Converter', 0, clock, (line) => lines.push(line));
  await clock.advance(seconds * 1_000);
  for (let run = 0; run < 3; run += 1) {
    report.unavailable('s3');
    await clock.advance(seconds * 1_000);
  }
  report.end();
  const times = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ Dependency }) => !Dependency);
  expect(times.map(({ DependencyUnavailableTime }) => DependencyUnavailableTime)).toEqual(
    Array.from({ length: Math.floor((seconds * 3) / 60) + 1 }, (_, minute) => minute * 60),
  );
});

test('says in advance that a dependency has answered, for as long as waits can be reported in advance', async () => {
  const written = async (unavailable: string, ...errors: Error[]) => {
    const lines: Record<string, unknown>[] = [];
    const write = jest
      .spyOn(process.stdout, 'write')
      .mockImplementation((line) => lines.push(JSON.parse(String(line)) as Record<string, unknown>) > 0);
    const clock = new ManualClock();
    const handler = () => (errors.length > 0 ? Promise.reject(errors.shift()!) : Promise.resolve());
    const more = { FILEWORKS_TASK_NAME: 'Converter', FILEWORKS_UNAVAILABLE_SECONDS: unavailable };
    const ended = run(handler, { clock, env: { ...env, ...more } });
    await clock.advance(3_600_000);
    await ended;
    write.mockRestore();
    return lines.filter((line) => 'DependencyAnsweredTime' in line);
  };
  const began = Date.now();
  const lines = await written('600');
  expect(lines.map(({ DependencyAnsweredTime: time }) => time)).toEqual(
    Array.from({ length: 19 }, (_, minute) => 60 * (minute + 1)),
  );
  const { _aws: last } = lines.at(-1) as { _aws: { Timestamp: number } };
  expect(last.Timestamp).toBeGreaterThanOrEqual(began + 18 * 60_000);
  // Work that is itself wrong was answered, too
  expect(await written('600', new Error('no such format'))).toHaveLength(19);
  expect(await written('600', ...Array.from({ length: 100 }, denied))).toEqual([]);
  expect(await written('')).toEqual([]);
  // Nothing was reported in advance
  expect(await written('', denied())).toEqual([]);
});

test('a stop ends the wait for a dependency', async () => {
  const clock = new ManualClock();
  const ended = run(() => Promise.reject(denied()), { clock });
  await clock.advance(60_000);
  process.emit('SIGTERM', 'SIGTERM');
  await clock.advance(0);
  expect(await ended).toEqual([75]);
});

test('runs work that is itself wrong once', async () => {
  const handler = jest.fn(() => Promise.reject(new Error('no such format')));
  expect(await run(handler)).toEqual([70]);
  expect(handler).toHaveBeenCalledTimes(1);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'aborts the signal of the handler on %s, and exits as stopped',
  async (name) => {
    const handler: ObjectTaskHandler = (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.onabort = () => reject(signal.reason as Error);
        process.emit(name, name);
      });
    expect(await run(handler)).toEqual([ObjectTaskExitCode.stopped]);
  },
);

test('is done when the handler ends its work in spite of the signal, and no longer listens', async () => {
  const before = process.listenerCount('SIGTERM');
  expect(
    await run(() => {
      process.emit('SIGTERM', 'SIGTERM');
      return Promise.resolve();
    }),
  ).toEqual([0]);
  expect(process.listenerCount('SIGTERM')).toBe(before);
});

test('fails on an uncaught exception', async () => {
  const codes = await run(() => {
    process.listeners('unhandledRejection').at(-1)?.(new Error('stray'), Promise.resolve());
    return Promise.resolve();
  });
  expect(codes[0]).toBe(70);
});

test('cannot start without an object, and names every variable that is missing', async () => {
  const problems: unknown[] = [];
  const logger = { ...silentLogger, fatal: ({ problem }: { problem?: unknown }) => problems.push(problem) };
  expect(
    await run(() => Promise.reject(new Error('never called')), { env: { FILEWORKS_FILE_SIZE: 'many' }, logger }),
  ).toEqual([78]);
  expect(problems).toEqual([
    'expected `FILEWORKS_FILE_SIZE` to be a number of bytes, got: many',
    'expected `FILEWORKS_FILE_BUCKET` to be the name of a bucket, but it is not set; ObjectFargateTask sets it for the tasks that it starts',
    'expected `FILEWORKS_FILE_KEY` to be the key of an object, but it is not set; ObjectFargateTask sets it for the tasks that it starts',
    'expected `FILEWORKS_CORRELATION_ID` to be the id of an event, but it is not set; ObjectFargateTask sets it for the tasks that it starts',
  ]);
  expect(() => readObjectTask({})).toThrow(ConfigurationError);
});

test('names of an object what TypedDispatcher names by the same variables', () => {
  const { bucket, key, versionId } = DispatchEnv;
  expect(ObjectTaskEnv).toMatchObject({ bucket, key, versionId });
});
