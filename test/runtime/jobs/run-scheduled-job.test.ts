import { ObjectTaskExitCode, runScheduledJob, type ScheduledJobHandler } from '../../../src/runtime/index.js';
import { silentLogger } from '../../../src/runtime/support/logger.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';

const scheduled = { FILEWORKS_JOB_INPUT: '{"scheduledTime":"2026-11-20T01:30:00Z"}' };

async function run(handler: ScheduledJobHandler, more: object = {}): Promise<number[]> {
  const codes: number[] = [];
  await runScheduledJob(handler, { env: scheduled, logger: silentLogger, exit: (code) => codes.push(code), ...more });
  return codes;
}

test('gives the handler the input and the scheduled time', async () => {
  const handler = jest.fn(() => Promise.resolve());
  expect(await run(handler)).toEqual([ObjectTaskExitCode.done]);
  expect(handler).toHaveBeenCalledWith(
    { input: { scheduledTime: '2026-11-20T01:30:00Z' }, scheduledTime: new Date('2026-11-20T01:30:00Z') },
    { signal: expect.any(AbortSignal) as AbortSignal, log: silentLogger },
  );
});

test.each(['[1]', 'null', '"text"', '{"scheduledTime":"soon"}', '{"scheduledTime":7}'])(
  'gives the handler the input %s without a scheduled time',
  async (text) => {
    const handler = jest.fn(() => Promise.resolve());
    expect(await run(handler, { env: { FILEWORKS_JOB_INPUT: text } })).toEqual([0]);
    expect(handler).toHaveBeenCalledWith({ input: JSON.parse(text) as unknown }, expect.anything());
  },
);

test.each([[{}], [{ FILEWORKS_JOB_INPUT: '{' }]])('cannot start with %j', async (env) => {
  expect(await run(() => Promise.reject(new Error('never called')), { env })).toEqual([
    ObjectTaskExitCode.configuration,
  ]);
});

test('fails when the handler throws, and waits for a dependency as an object task does', async () => {
  expect(await run(() => Promise.reject(new Error('no such table')))).toEqual([ObjectTaskExitCode.failed]);
  const clock = new ManualClock();
  const refused = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  const ended = run(refused, { clock });
  await clock.advance(3_600_000);
  expect(await ended).toEqual([ObjectTaskExitCode.unavailable]);
});
