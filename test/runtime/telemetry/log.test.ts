import { type JobInfo } from '../../../src/runtime/support/job-info.js';
import { createLogger, logContext } from '../../../src/runtime/telemetry/index.js';

const job: JobInfo = {
  messageId: 'm',
  queueName: 'jobs',
  queueUrl: 'https://sqs/jobs',
  correlationId: 'c',
  attempt: 2,
  file: 'inbox/a',
};

it('binds the job at work to the lines of the application, across waits, and to no others', async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
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
    expect.objectContaining({
      level: 'info',
      msg: 'inside',
      correlationId: 'c',
      messageId: 'm',
      queue: 'jobs',
      attempt: 2,
      file: 'inbox/a',
    }),
    { level: 'info', time: expect.any(String) as string, msg: 'outside' },
  ]);
});

describe('an error in a line', () => {
  const lineOf = (err: unknown): string => {
    let text = '';
    createLogger({ destination: { write: (line) => (text += line) } }).error({ err }, 'failed');
    return text;
  };

  it('says name, code, message, stack, request id and causes', () => {
    const cause = Object.assign(new Error('socket closed'), { code: 'ECONNRESET' });
    const error = Object.assign(new TypeError('cannot fetch', { cause }), {
      code: 'ERR_FETCH',
      $metadata: { requestId: 'r-1', httpStatusCode: 500 },
    });
    expect((JSON.parse(lineOf(error)) as { err: unknown }).err).toEqual({
      type: 'TypeError',
      code: 'ERR_FETCH',
      message: 'cannot fetch',
      stack: expect.stringContaining('log.test') as string,
      requestId: 'r-1',
      cause: expect.objectContaining({ type: 'Error', code: 'ECONNRESET', message: 'socket closed' }) as object,
    });
  });

  it('holds no secret that an HTTP client left in its properties', () => {
    const error = Object.assign(new Error('Request failed with status code 500'), {
      config: { headers: { Authorization: 'Bearer hunter2' } },
    });
    expect(lineOf(error)).not.toContain('hunter2');
  });

  it('is bounded, however long the message and the chain of causes are', () => {
    let error = new Error('x'.repeat(1_000_000));
    for (let n = 0; n < 1_000; n += 1) {
      error = new Error('y'.repeat(10_000), { cause: error });
    }
    expect(lineOf(error).length).toBeLessThan(50_000);
  });

  it.each<[string, unknown, string]>([
    ['a text', 'no luck', 'no luck'],
    ['nothing', undefined, ''],
    ['an object without prototype', Object.assign(Object.create(null) as object, { message: 'odd' }), 'odd'],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('gotcha');
          },
        },
      ),
      'error that cannot be read',
    ],
  ])('may be %s', (_, thrown, message) => {
    expect((JSON.parse(lineOf(thrown)) as { err?: { message: string } }).err?.message ?? '').toBe(message);
  });
});

it.each(['loud', '', ' DEBUG'])('writes at the level info when the environment asks for the level "%s"', (level) => {
  const before = process.env.FILEWORKS_LOG_LEVEL;
  process.env.FILEWORKS_LOG_LEVEL = level;
  try {
    expect(createLogger({ destination: { write: () => undefined } }).level).toBe('info');
  } finally {
    if (before === undefined) {
      delete process.env.FILEWORKS_LOG_LEVEL;
    } else {
      process.env.FILEWORKS_LOG_LEVEL = before;
    }
  }
});
