import { type JobInfo } from '../../../src/runtime/support/job-info.js';
import { createLogger, logContext } from '../../../src/runtime/telemetry/index.js';

const job: JobInfo = { messageId: 'm', queueName: 'jobs', queueUrl: 'https://sqs/jobs', correlationId: 'c', attempt: 2, file: 'inbox/a' };

it('binds the job at work to the lines of the application, across waits, and to no others', async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) } });
  await Promise.all([
    logContext(job, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      logger.info('inside');
    }),
    logContext({ ...job, correlationId: 'd', messageId: 'n' }, () => {
      logger.info('other');
      return Promise.resolve();
    }),
  ]);
  logger.info('outside');
  expect(lines).toEqual([
    expect.objectContaining({ msg: 'other', correlationId: 'd', messageId: 'n' }),
    expect.objectContaining({ level: 'info', msg: 'inside', correlationId: 'c', messageId: 'm', queue: 'jobs', attempt: 2, file: 'inbox/a' }),
    { level: 'info', time: expect.any(String) as string, msg: 'outside' },
  ]);
});
