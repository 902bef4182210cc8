import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { outlineError } from './outline-error.js';
import { tolerateClosedOutput } from '../support/closed-output.js';
import { type AroundJob, type JobInfo } from '../support/job-info.js';
import { logLevelOf } from '../support/worker-environment.js';

const currentJob = new AsyncLocalStorage<JobInfo>();

export interface CreateLoggerOptions {
  /** `trace`, `debug`, `info`, `warn`, `error` or `fatal`. @default - FILEWORKS_LOG_LEVEL, else info */
  readonly level?: string;
  /** Whether lines carry the job during which they are written. @default true */
  readonly bindJob?: boolean;
  /** @default - standard output, written synchronously so that no line is lost at exit */
  readonly destination?: DestinationStream;
}

/**
 * A logger that writes one JSON object per line, with the correlation id, message id, attempt and file of the current
 * job. Of an error under `err` it writes name, code, message, stack and causes, cut to a bounded length: other
 * properties can hold requests with their secrets.
 */
export function createLogger(options: CreateLoggerOptions = {}): PinoLogger {
  const { level = logLevelOf(process.env), bindJob = true, destination = standardOutput() } = options;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: outlineError },
      formatters: { level: (label) => ({ level: label }) },
      ...(bindJob ? { mixin: jobFields } : {}),
    },
    destination,
  );
}

/** Where lines that cannot be written are dropped: work does not depend on its log. */
function standardOutput(): DestinationStream {
  tolerateClosedOutput();
  const output = pino.destination({ fd: 1, sync: true });
  output.on('error', () => undefined);
  return output;
}

/** Has every line that is logged in the course of a job carry the job. */
export const logContext: AroundJob = (info, run) => currentJob.run(info, run);

function jobFields(): object {
  const job = currentJob.getStore();
  if (job === undefined) {
    return {};
  }
  const { correlationId, messageId, queueName, attempt, file } = job;
  return { correlationId, messageId, queue: queueName, attempt, ...(file === undefined ? {} : { file }) };
}
