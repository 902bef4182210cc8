import { LeaseLost, PoisonMessage, RetryLater } from '../../../src/runtime/errors.js';
import { circuitBreaker } from '../../../src/runtime/support/circuit-breaker.js';
import { type JobInfo } from '../../../src/runtime/support/job-info.js';
import { until } from '../support/until.js';

const job: JobInfo = {
  messageId: 'm',
  queueName: 'jobs',
  queueUrl: 'https://sqs/jobs',
  correlationId: 'c',
  attempt: 1,
};

function setup() {
  const log: string[] = [];
  const around = circuitBreaker(
    { minimumJobs: 4, resetSeconds: 0.2 },
    { onOpen: () => log.push('open'), onClose: () => log.push('close') },
  );
  const fail = (error = new Error('database is unavailable')) =>
    around(job, () => Promise.reject(error)).catch((caught: unknown) => caught);
  return { around, fail, log };
}

it('opens when most jobs fail, holds jobs that come, and lets them run when it closes', async () => {
  const { around, fail, log } = setup();
  for (let n = 0; n < 4; n += 1) {
    await fail();
  }
  expect(log).toEqual(['open']);
  let runs = 0;
  const held = [1, 2].map(() => around(job, () => Promise.resolve((runs += 1))));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(runs).toBe(0);
  await Promise.all(held);
  expect(runs).toBe(2);
  expect(log).toEqual(['open', 'close', 'close']);
});

it('opens again when the job that tries fails too', async () => {
  const { fail, log } = setup();
  for (let n = 0; n < 4; n += 1) {
    await fail();
  }
  await until(() => log.includes('close'));
  await fail();
  expect(log).toEqual(['open', 'close', 'open']);
});

it('holds many jobs without a warning about listeners', async () => {
  const { around, fail } = setup();
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  for (let n = 0; n < 4; n += 1) {
    await fail();
  }
  await Promise.all(Array.from({ length: 50 }, () => around(job, () => Promise.resolve())));
  expect(warn).not.toHaveBeenCalled();
});

it('fails with the options that are out of range', () => {
  const nothing = () => undefined;
  const create = () =>
    circuitBreaker({ failurePercentage: 0, resetSeconds: -1 }, { onOpen: nothing, onClose: nothing });
  expect(create).toThrow(/`failurePercentage`[^]*`resetSeconds`/);
});

it.each([new PoisonMessage('odd'), new RetryLater({ seconds: 1 }), new LeaseLost('gone', 'm')])(
  'does not count %s',
  async (error) => {
    const { fail, log } = setup();
    for (let n = 0; n < 20; n += 1) {
      await fail(error);
    }
    expect(log).toEqual([]);
  },
);
