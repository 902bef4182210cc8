import { randomUUID } from 'node:crypto';
import { dynamoDbTurns, type FileHandler, takeTurn, type TurnSource } from '../dispatch/index.js';
import { type FileTurn } from '../../contract/job-message.js';
import { PoisonMessage } from '../errors.js';
import { type JobHandler } from '../queue/index.js';

/**
 * Makes of a handler of files, as `runFileTask` takes it, a handler of the jobs that `DispatchTarget.queue()` sends.
 *
 * ```ts
 * await runWorker(fileTaskHandler(async ({ object, fence, signal }) => { … }));
 * ```
 *
 * The row of the file says what becomes of it: a message is done with once the row knows the outcome, also that of a
 * failed attempt, which
 * the dispatcher sends again when it is time. A message that comes twice begins once. A handler that is stopped with
 * its worker does
 * not use up an attempt; one that exceeds its timeout, or whose message could not be kept, does.
 *
 * @param turns where the rows are. Default: in the DynamoDB table that the environment names
 */
export function fileTaskHandler(handler: FileHandler, turns: TurnSource = dynamoDbTurns()): JobHandler {
  return async (job, { signal: stop, log: logger }) => {
    const { fileId, epoch } = read(job.body);
    // A message that comes again to the same worker, while that still works on it, is not the same turn
    const worker = `${job.queueName}/${job.id}/${randomUUID()}`;
    await takeTurn(handler, { ...turns, fileId, epoch, worker, logger, stop });
  };
}

function read(body: unknown): Pick<FileTurn, 'fileId' | 'epoch'> {
  const { fileId, epoch } = (typeof body === 'object' && body !== null ? body : {}) as Partial<FileTurn>;
  if (typeof fileId !== 'string' || epoch === undefined || !Number.isInteger(epoch)) {
    throw new PoisonMessage(
      'the message does not give the turn of a file; only DispatchTarget.queue() may send to this queue',
    );
  }
  return { fileId, epoch };
}
