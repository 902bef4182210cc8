import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { DependencyUnavailable, PoisonMessage, RetryLater } from '../../errors.js';
import { backoffDelay } from '../../support/backoff.js';
import { sleep, systemClock } from '../../support/clock.js';
import {
  EXPORT_CONTRACT_VERSION,
  ExportMessageType,
  type DownloadTask,
  type ExportFile,
  type ExportJobRequest,
} from '../../../contract/export-contract.js';
import type { JobMessage } from '../../../contract/job-message.js';
import { SqsLimits } from '../../../contract/service-limits.js';

/** Delay of a message with a newer version, until a worker that supports it is deployed. */
const NEWER_VERSION_SECONDS = 60;
const MAX_ID_LENGTH = 256;
/** Keys of results contain the ids of job and file, and S3 has 1,024 bytes for a key. */
const MAX_ID_BYTES = 400;
const ID_RULE = `a string of 1 to ${MAX_ID_LENGTH} characters, at most ${MAX_ID_BYTES} bytes when encoded for a key`;
const MAX_URL_LENGTH = 8_192;
const SEND_ATTEMPTS = 5;
const SEND_DELAY_MS = 200;
const MAX_SEND_DELAY_MS = 5_000;

/** @throws PoisonMessage naming the invalid property, or RetryLater for a newer version */
export function readExportJobRequest(body: unknown): ExportJobRequest {
  const { jobIds } = versioned(body) as Partial<ExportJobRequest>;
  if (!Array.isArray(jobIds) || jobIds.length === 0 || !jobIds.every(isId)) {
    throw new PoisonMessage(`expected \`jobIds\` to be an array of one or more ids, each ${ID_RULE}`);
  }
  return { version: EXPORT_CONTRACT_VERSION, jobIds: [...new Set(jobIds)] };
}

/** @throws PoisonMessage naming the invalid property, or RetryLater for a newer version */
export function readDownloadTask(body: unknown): DownloadTask {
  const { jobId, number, file } = versioned(body) as Partial<DownloadTask>;
  if (!isId(jobId)) {
    throw new PoisonMessage(`expected \`jobId\` to be ${ID_RULE}`);
  }
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw new PoisonMessage('expected `number` to be a whole number of at least 0');
  }
  return { version: EXPORT_CONTRACT_VERSION, jobId, number, file: checkFile(file) };
}

/** @throws PoisonMessage naming the invalid property */
export function checkFile(file: unknown): ExportFile {
  const { id, url, size, sha256 } = (file ?? {}) as Partial<ExportFile>;
  if (!isId(id)) {
    throw new PoisonMessage(`expected \`id\` of a file to be ${ID_RULE}`);
  }
  if (typeof url !== 'string' || url.length > MAX_URL_LENGTH) {
    throw new PoisonMessage(`expected \`url\` of file ${id} to be a string of at most ${MAX_URL_LENGTH} characters`);
  }
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
    throw new PoisonMessage(`expected \`size\` of file ${id} to be a number of bytes`);
  }
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256))) {
    throw new PoisonMessage(`expected \`sha256\` of file ${id} to be 64 hexadecimal digits`);
  }
  return { id, url, ...(size !== undefined && { size }), ...(sha256 !== undefined && { sha256 }) };
}

/**
 * Sends download tasks in batches of ten; failed entries are sent again, with a growing delay.
 *
 * @throws DependencyUnavailable if SQS refuses entries in five attempts
 */
export async function sendDownloadTasks(
  sqs: SQSClient,
  queueUrl: string,
  tasks: readonly DownloadTask[],
  correlationId: string,
): Promise<void> {
  for (let at = 0; at < tasks.length; at += SqsLimits.maxBatchEntries) {
    let entries = tasks.slice(at, at + SqsLimits.maxBatchEntries).map((task, i) => {
      const message: JobMessage = {
        fileworksJob: 1,
        type: ExportMessageType.downloadTask,
        correlationId,
        payload: task,
      };
      return { Id: String(i), MessageBody: JSON.stringify(message) };
    });
    for (let attempt = 1; entries.length > 0; attempt++) {
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
      if (Failed.length > 0 && attempt >= SEND_ATTEMPTS) {
        throw new DependencyUnavailable('SQS', {
          reason: `SQS refused ${Failed.length} download tasks: ${Failed[0].Code}`,
        });
      }
      if (Failed.length > 0) {
        await sleep(systemClock, backoffDelay(attempt, { base: SEND_DELAY_MS, max: MAX_SEND_DELAY_MS }));
      }
      entries = entries.filter(({ Id }) => Failed.some((failed) => failed.Id === Id));
    }
  }
}

function versioned(body: unknown): object {
  if (typeof body !== 'object' || body === null) {
    throw new PoisonMessage('expected the payload to be an object');
  }
  const { version } = body as { readonly version?: unknown };
  if (typeof version === 'number' && version > EXPORT_CONTRACT_VERSION) {
    throw new RetryLater({
      seconds: NEWER_VERSION_SECONDS,
      reason: `version ${version} needs a newer worker; this one supports ${EXPORT_CONTRACT_VERSION}`,
    });
  }
  if (version !== EXPORT_CONTRACT_VERSION) {
    throw new PoisonMessage(`expected \`version\` to be ${EXPORT_CONTRACT_VERSION}`);
  }
  return body;
}

function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= MAX_ID_LENGTH &&
    /^[^\p{Cc}\p{Cs}]+$/u.test(value) &&
    encodeURIComponent(value).length <= MAX_ID_BYTES
  );
}
