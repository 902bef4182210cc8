import type { Command } from 'commander';
import type { MessageFilter } from '../dlq/filter';
import { matcher } from '../dlq/filter';
import type { DeadLetterMessage } from '../dlq/message';
import { peek, purge, redrive, type OperationResult, type OperationOptions } from '../dlq/operations';
import { choose } from '../pipeline';
import { describeQueues, type DeadLetterQueue } from '../queues';
import { CliError, ExitCode } from '../support/errors';
import { confirm, emit, type Io } from '../support/io';
import { ago, wholeNumber } from '../support/options';
import { printable, safe } from '../support/printable';
import { age, table } from '../support/table';
import { inPipeline, type Context } from './context';

interface FilterOptions extends MessageFilter {
  readonly limit?: number;
}

interface OperationCommandOptions extends FilterOptions {
  readonly rate: number;
}

export function addDeadLetterCommands(program: Command, io: Io): void {
  const dlq = program.command('dlq').description('inspect, redrive and purge dead-letter queues');
  dlq
    .command('list')
    .description('list dead-letter queues and their redrive destinations')
    .action((_, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const { deadLetterQueues } = await describeQueues(clients, pipeline);
        const rows = deadLetterQueues.map(({ name, visible, inFlight, source }) => ({
          queue: name,
          visible,
          inFlight,
          redrivesTo: source?.name,
        }));
        emit(io, settings, rows, () =>
          table(
            ['QUEUE', 'VISIBLE', 'IN FLIGHT', 'REDRIVES TO'],
            rows.map(({ queue, visible, inFlight, redrivesTo }) => [
              queue,
              visible,
              inFlight,
              redrivesTo ?? 'the target of each message',
            ]),
          ),
        );
      }),
    );

  filtered(dlq.command('show'))
    .description('show messages without removing them')
    .option('--body', 'include message bodies, which may contain sensitive data')
    .action(
      (
        name: string | undefined,
        { body = false, limit = 10, ...filter }: FilterOptions & { body?: boolean },
        command: Command,
      ) =>
        withQueue(command, name, async ({ clients, settings }, queue) => {
          const { messages, incomplete } = await peek(clients, queue, {
            matches: matcher(filter),
            limit,
            signal: io.signal,
          });
          const shown = messages.map((message) => summaryOf(message, body));
          emit(io, settings, { queue: queue.name, messages: shown, more: incomplete }, () =>
            renderMessages(messages, body, incomplete),
          );
        }),
    );

  const operation =
    (
      verb: string,
      past: string,
      perform: (context: Context, queue: DeadLetterQueue, options: OperationOptions) => Promise<OperationResult>,
    ) =>
    async (name: string | undefined, { rate, limit, ...filter }: OperationCommandOptions, command: Command) =>
      withQueue(command, name, async (context, queue) => {
        const { settings } = context;
        if (verb === 'purge') {
          await confirm(
            io,
            settings,
            safe`purge deletes ${limit === undefined ? 'all' : `up to ${limit}`}${Object.keys(filter).length === 0 ? '' : ' matching'} messages in the dead-letter queue of ${queue.name}`,
          );
        }
        const { matched, notMatched, done, failed, incomplete } = await perform(context, queue, {
          matches: matcher(filter),
          rate,
          ...(limit !== undefined && { limit }),
          dryRun: settings.dryRun,
          signal: io.signal,
          progress: (count) => {
            if (io.interactive && !settings.json && count % PROGRESS_EVERY < 10) {
              io.err(`${past} ${count}`);
            }
          },
        });
        emit(
          io,
          settings,
          { queue: queue.name, dryRun: settings.dryRun, matched, notMatched, [past]: done, failed, incomplete },
          () =>
            [
              settings.dryRun
                ? `${matched} would be ${past}, ${notMatched} not matched (dry run: nothing changed)`
                : `${done} ${past}, ${notMatched} not matched, ${failed} failed`,
              ...(incomplete && limit === undefined ? ['The queue was not scanned to its end: run it again.'] : []),
            ].join('\n'),
        );
        if (failed > 0) {
          throw new CliError(
            ExitCode.incomplete,
            `${failed} messages could not be ${past} and remain in the queue; see fileworks dlq show ${queue.name}`,
          );
        }
      });

  filtered(dlq.command('redrive'))
    .description('send messages to their original destination, and delete them from the dead-letter queue')
    .option('--rate <messages>', 'maximum messages per second', wholeNumber(1, 3_000), 10)
    .action(
      operation('redrive', 'redriven', ({ clients, pipeline }, queue, options) =>
        redrive(clients, pipeline, queue, options),
      ),
    );
  filtered(dlq.command('purge'))
    .description('delete messages permanently')
    .option('--rate <messages>', 'maximum messages per second', wholeNumber(1, 3_000), 3_000)
    .action(operation('purge', 'deleted', ({ clients }, queue, options) => purge(clients, queue, options)));
}

const PROGRESS_EVERY = 500;

const filtered = (command: Command) =>
  command
    .argument('[queue]', 'name of the queue, if the stack has several')
    .option('--key <pattern>', 'only messages for this object key; * matches any text')
    .option('--reason <text>', 'only messages with this text in their reason')
    .option('--correlation-id <id>', 'only messages with this correlation id')
    .option('--message-id <id>', 'only the message with this id')
    .option('--sent-before <time>', 'only messages older than this, such as 30m or 7d', ago)
    .option('--sent-after <time>', 'only messages newer than this, such as 30m or 7d', ago)
    .option('--limit <messages>', 'maximum messages', wholeNumber(1, 1_000_000));

function withQueue(
  command: Command,
  name: string | undefined,
  action: (context: Context, queue: DeadLetterQueue) => Promise<void>,
): Promise<void> {
  return inPipeline(command, async (context) => {
    const { deadLetterQueues } = await describeQueues(context.clients, context.pipeline);
    await action(context, choose('dead-letter queue', deadLetterQueues, name));
  });
}

const summaryOf = (
  { messageId, sentAt, receives, bucket, key, correlationId, reason, body }: DeadLetterMessage,
  withBody: boolean,
) => ({
  messageId,
  sentAt: sentAt.toISOString(),
  receives,
  bucket,
  key,
  correlationId,
  reason,
  ...(withBody && { body }),
});

function renderMessages(messages: readonly DeadLetterMessage[], withBody: boolean, incomplete: boolean): string {
  if (messages.length === 0) {
    return 'No message matches.';
  }
  const rows = messages.map(({ messageId, sentAt, receives, key, correlationId, reason }) => [
    messageId,
    age((Date.now() - sentAt.getTime()) / 1_000),
    receives,
    key,
    correlationId,
    reason?.slice(0, 160),
  ]);
  return [
    table(['MESSAGE', 'AGE', 'RECEIVES', 'KEY', 'CORRELATION ID', 'REASON'], rows),
    ...(withBody ? messages.map(({ messageId, body }) => `\n${printable(messageId)}\n${printable(body)}`) : []),
    ...(incomplete ? ['There may be more: raise --limit.'] : []),
  ].join('\n');
}
