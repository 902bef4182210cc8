import { PoisonMessage } from '../../../src/runtime/errors.js';
import { circuitBreaker } from '../../../src/runtime/support/circuit-breaker.js';
import { type JobInfo } from '../../../src/runtime/support/job-info.js';
import { until } from '../support/until.js';

const job: JobInfo = { messageId: 'm', queueName: 'jobs', queueUrl: 'https://sqs/jobs', correlationId: 'c', attempt: 1 };

function setup() {
  const log: string[] = [];
  const around = circuitBreaker({ minimumJobs: 4, resetSeconds: 0.2, onOpen: () => log.push('open'), onClose: () => log.push('close') });
  const fail = (error = new Error('database is away')) => around(job, () => Promise.reject(error)).catch((caught: unknown) => caught);
  return { around, fail, log };
}

it('opens when most jobs fail, holds jobs that come, and lets them run when it closes', async () => {
  const { around, fail, log } = setup();
  for (let n = 0; n < 4; n += 1) {
    await fail();
  }
  expect(log).toEqual(['open']);
  let runs = 0;
  const held = [1, 2].map(() => around(job, () => Promise.resolve(runs += 1)));
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

it('counts no poison messages', async () => {
  const { fail, log } = setup();
  for (let n = 0; n < 20; n += 1) {
    await fail(new PoisonMessage('odd'));
  }
  expect(log).toEqual([]);
});
