import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type LedgerAnswer, type LedgerQuery, MAX_LEDGER_QUERY } from '../../../contract/ledger-query.js';
import { type JobMessage, MessageAttributeNames } from '../../../contract/job-message.js';
import { sqsEndpoint } from '../../../contract/sqs-endpoint.js';
import { FileRejected, type LedgerFile, ledgerFile } from '../../database/index.js';
import { hasCode, type PoisonMessage } from '../../errors.js';
import { decodeBody } from '../../queue/index.js';
import { type FunctionMessage, MessageWait } from '../../queue/message-wait.js';
import { type Clock, systemClock } from '../../support/clock.js';
import type { Logger } from '../../support/logger.js';
import { createLogger } from '../../telemetry/index.js';
import type { FileOutcome } from './file-loader.js';
import { type FileLoaderSetup, type LoaderParts, loaderParts } from './loader-parts.js';
import { loaderMetrics, outageMetrics } from './loader-metrics.js';

/** The fields of a Lambda event with SQS messages that are read here. */
export interface SqsBatch {
  readonly Records: readonly FunctionMessage[];
}

/** The messages that Lambda must not delete; they are redelivered after their visibility timeout. */
export interface SqsBatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

export interface LambdaLoaderOptions extends FileLoaderSetup {
  /** @default - a client with the SDK's defaults */
  readonly sqs?: SQSClient;
  /** @default - JSON lines on standard output */
  readonly logger?: Logger;
  /** Writes the metrics line. @default - standard output */
  readonly writeMetrics?: (line: string) => void;
  /** @default - the system clock */
  readonly clock?: Clock;
}

export interface LambdaLoader {
  (event: SqsBatch, context?: { getRemainingTimeInMillis(): number }): Promise<SqsBatchResponse>;
  /** Answers `npx fileworks reconcile`. */
  (query: LedgerQuery): Promise<LedgerAnswer>;
}

interface Message {
  readonly record: FunctionMessage;
  readonly files: readonly LedgerFile[];
}

/** Job type for files that are too large for the function, loaded by a worker. */
export const LARGE_FILE_JOB = 'load-file';

/**
 * The handler of a Lambda function that loads the files of a batch of messages, with one connection that is reused by
 * later invocations.
 *
 * Each message succeeds or fails separately. Rejected files are sent to the dead-letter queue at once, with the reason
 * as an attribute, and files over the limit to the large file queue. An invalid configuration fails the invocation, and
 * all its messages are redelivered.
 */
export function fileLoader(options: LambdaLoaderOptions): LambdaLoader {
  const {
    sqs = new SQSClient(sqsEndpoint(process.env)),
    logger = createLogger({ bindJob: false }),
    writeMetrics = (line: string) => process.stdout.write(`${line}\n`),
    clock = systemClock,
  } = options;
  let making: Promise<LoaderParts> | undefined;
  let waiting: MessageWait | undefined;
  const waitOf = ({ name, queueUrl }: LoaderParts): MessageWait | undefined =>
    (waiting ??=
      queueUrl === undefined
        ? undefined
        : new MessageWait({
            sqs,
            queueUrl,
            clock,
            onUnavailable: (dependency, seconds) => {
              logger.warn({ dependency, seconds }, 'dependency is unavailable: files wait');
              outageMetrics(name, dependency, seconds).forEach(writeMetrics);
            },
            onFailed: ({ messageId }, error) =>
              logger.error({ messageId, err: error }, 'message could not be sent anew; it is redelivered'),
          }));
  async function handle(query: LedgerQuery): Promise<LedgerAnswer>;
  async function handle(event: SqsBatch, context?: { getRemainingTimeInMillis(): number }): Promise<SqsBatchResponse>;
  async function handle(
    event: SqsBatch | LedgerQuery,
    context?: { getRemainingTimeInMillis(): number },
  ): Promise<SqsBatchResponse | LedgerAnswer> {
    making ??= loaderParts(options);
    const parts = await making;
    if ('fileworksLedgerQuery' in event) {
      return { recorded: await parts.recorded(event.objects.slice(0, MAX_LEDGER_QUERY)) };
    }
    const { Records: records } = event;
    const wait = waitOf(parts);
    const batch = new LoadedBatch(parts, sqs, logger, wait);
    const settledFiles = new Map<string, { readonly file: LedgerFile; readonly outcome: FileOutcome }>();
    // While a dependency is unavailable, one message is the probe
    const probes = wait?.isUnavailable === true ? 1 : 0;
    for (const some of [records.slice(0, probes), records.slice(probes)]) {
      if (wait?.isPaused === true) {
        await batch.postpone(some);
        continue;
      }
      const messages = await batch.read(some);
      const outcomes = await parts.loader.loadAll(
        messages.flatMap(({ files }) => files),
        () => context?.getRemainingTimeInMillis() ?? Infinity,
      );
      for (const { record, files } of messages) {
        for (const file of files) {
          const settled = await batch.settle(record, file, outcomes.get(file.id) as FileOutcome);
          settledFiles.set(file.id, { file, outcome: settled });
        }
      }
      // A message with another failed file is redelivered anyway
      await batch.postpone(some.filter(({ messageId: id }) => batch.refused.has(id) && !batch.failed.has(id)));
    }
    if (settledFiles.size > 0) {
      writeMetrics(loaderMetrics(parts.name, [...settledFiles.values()]));
    }
    return { batchItemFailures: [...batch.failed].map((itemIdentifier) => ({ itemIdentifier })) };
  }
  return handle;
}

class LoadedBatch {
  /** Ids of messages that Lambda must not delete. */
  readonly failed = new Set<string>();
  /** Ids of messages with a file that a dependency refused. */
  readonly refused = new Set<string>();

  constructor(
    readonly parts: LoaderParts,
    readonly sqs: SQSClient,
    readonly logger: Logger,
    readonly wait: MessageWait | undefined,
  ) {}

  /** Sends messages anew, so that their wait uses up no receives. */
  async postpone(records: readonly FunctionMessage[]): Promise<void> {
    for (const record of records) {
      if (this.wait === undefined || !(await this.wait.postpone(record))) {
        this.failed.add(record.messageId);
      }
    }
  }

  async read(records: SqsBatch['Records']): Promise<Message[]> {
    const messages: Message[] = [];
    for (const record of records) {
      const { messageId, body } = record;
      try {
        const { objects, correlationId = messageId } = decodeBody(body, false);
        messages.push({ record, files: objects.map((object) => ledgerFile(object, correlationId)) });
      } catch (error) {
        if (!(error instanceof RangeError) && !hasCode<PoisonMessage>(error, 'ERR_POISON_MESSAGE')) {
          throw error;
        }
        await this.#refuse(messageId, body, error.message);
      }
    }
    return messages;
  }

  /** Handles the outcome of one file of a message; returns the final outcome. */
  async settle(record: FunctionMessage, file: LedgerFile, outcome: FileOutcome): Promise<FileOutcome> {
    const { messageId, body } = record;
    const {
      correlationId,
      object: { bucket, key, size },
    } = file;
    const fields = { correlationId, messageId, file: `${bucket}/${key}` };
    switch (outcome.result) {
      case 'rejected': {
        const { reason, line, pointer, message } = outcome.error;
        this.logger.error({ ...fields, reason, line, pointer }, 'file rejected: a retry cannot succeed');
        await this.#refuse(messageId, body, message);
        return outcome;
      }
      case 'failed':
        if (this.wait?.refused(record, outcome.error) === true) {
          this.logger.warn({ ...fields, err: outcome.error }, 'file not loaded; it waits for a dependency');
          this.refused.add(messageId);
        } else {
          this.logger.error({ ...fields, err: outcome.error }, 'file not loaded; its message is redelivered');
          this.failed.add(messageId);
        }
        return outcome;
      case 'too-large': {
        const { largeFileQueueUrl } = this.parts;
        if (largeFileQueueUrl === undefined) {
          const error = new FileRejected(
            `the file has ${size ?? 'too many'} bytes, more than the limit of the loader, which has no large file queue`,
          );
          return this.settle(record, file, { result: 'rejected', error });
        }
        const job: JobMessage = {
          fileworksJob: 1,
          type: LARGE_FILE_JOB,
          ...(correlationId === undefined ? {} : { correlationId }),
          object: file.object,
        };
        await this.#send(messageId, largeFileQueueUrl, JSON.stringify(job));
        this.logger.info({ ...fields, size }, 'file over the limit sent to the large file queue');
        return outcome;
      }
      default:
        this.wait?.answered();
        this.logger.debug({ ...fields, ...outcome }, `file ${outcome.result}`);
        return outcome;
    }
  }

  /**
   * Sends a message to the dead-letter queue; if its URL is not configured, SQS moves the message after the last
   * receive.
   */
  async #refuse(messageId: string, body: string, reason: string): Promise<void> {
    const { deadLetterQueueUrl } = this.parts;
    if (deadLetterQueueUrl === undefined) {
      this.failed.add(messageId);
      return;
    }
    await this.#send(messageId, deadLetterQueueUrl, body, {
      [MessageAttributeNames.poisonReason]: reason,
      [MessageAttributeNames.sourceMessageId]: messageId,
    });
  }

  async #send(
    messageId: string,
    QueueUrl: string,
    MessageBody: string,
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    );
    try {
      await this.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    } catch (error) {
      this.logger.error({ messageId, err: error }, 'message could not be forwarded; it is redelivered');
      this.failed.add(messageId);
    }
  }
}
