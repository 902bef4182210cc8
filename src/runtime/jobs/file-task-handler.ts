import { randomUUID } from 'node:crypto';
import { dynamoDbTurns, type FileHandler, takeTurn, type TurnSource } from '../dispatch/index.js';
import { type FileTurn } from '../../contract/job-message.js';
import { containerLog } from '../dispatch/container-log.js';
import { PoisonMessage } from '../errors.js';
import { type JobHandler } from '../queue/index.js';

/**
 * Converts a file handler, as for `runFileTask`, to a handler of jobs from `DispatchTarget.queue()`.
 *
 * ```ts
 * await runWorker(fileTaskHandler(async ({ object, fence, signal }) => { … }));
 * ```
 *
 * A message is acknowledged once the outcome is recorded in the row of the file, including that of a failed attempt,
 * which the dispatcher sends again after its backoff. A duplicate message does not begin a second turn. A handler that
 * is stopped with its worker does not use up an attempt; one that exceeds its timeout, or loses its lease, does.
 *
 * @param turns the store of the rows. Default: the DynamoDB table named in the environment
 */
export function fileTaskHandler(handler: FileHandler, turns: TurnSource = dynamoDbTurns()): JobHandler {
  let ownLog: Promise<string | undefined> | undefined;
  return async (job, { signal: stop, log: logger }) => {
    const { fileId, epoch } = read(job.body);
    // A message that is redelivered to the same worker while its handler is running is not the same turn
    const worker = `${job.queueName}/${job.id}/${randomUUID()}`;
    const log = await (ownLog ??= containerLog(process.env));
    await takeTurn(handler, { ...turns, fileId, epoch, worker, ...(log !== undefined && { log }), logger, stop });
  };
}

function read(body: unknown): Pick<FileTurn, 'fileId' | 'epoch'> {
  const { fileId, epoch } = (typeof body === 'object' && body !== null ? body : {}) as Partial<FileTurn>;
  if (typeof fileId !== 'string' || epoch === undefined || !Number.isInteger(epoch)) {
    throw new PoisonMessage(
      'the message does not contain the turn of a file; only DispatchTarget.queue() may send to this queue',
    );
  }
  return { fileId, epoch };
}
