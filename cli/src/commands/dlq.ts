import type { Command } from 'commander';
import type { LetterFilter } from '../dlq/filter';
import { matcher } from '../dlq/filter';
import type { Letter } from '../dlq/letter';
import { look, purge, redrive, type WorkDone, type WorkOptions } from '../dlq/work';
import { choose } from '../pipeline';
import { describeQueues, type DeadLetterQueue } from '../queues';
import { CliError, ExitCode } from '../support/errors';
import { confirm, emit, type Io } from '../support/io';
import { ago, wholeNumber } from '../support/options';
import { printable, safe } from '../support/printable';
import { age, table } from '../support/table';
import { inPipeline, type Context } from './context';

interface FilterOptions extends LetterFilter {
  readonly limit?: number;
}

interface WorkCommandOptions extends FilterOptions {
  readonly rate: number;
}

export function addDeadLetterCommands(program: Command, io: Io): void {
  const dlq = program.command('dlq').description('dead-letter queues: what is in them, and what becomes of it');
  dlq
    .command('list')
    .description('all of them, and where a redrive sends')
    .action((_, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const { deadLetters } = await describeQueues(clients, pipeline);
        const rows = deadLetters.map(({ name, waiting, inWork, source }) => ({
          queue: name,
          waiting,
          inWork,
          redrivesTo: source?.name,
        }));
        emit(io, settings, rows, () =>
          table(
            ['QUEUE', 'WAITING', 'LOOKED AT', 'REDRIVES TO'],
            rows.map(({ queue, waiting, inWork, redrivesTo }) => [
              queue,
              waiting,
              inWork,
              redrivesTo ?? 'the target that each message names',
            ]),
          ),
        );
      }),
    );

  filtered(dlq.command('show'))
    .description('messages, without taking them')
    .option('--body', 'with their bodies, which may hold what not everybody should read')
    .action(
      (
        name: string | undefined,
        { body = false, limit = 10, ...filter }: FilterOptions & { body?: boolean },
        command: Command,
      ) =>
        withQueue(command, name, async ({ clients, settings }, queue) => {
          const { letters, incomplete } = await look(clients, queue, {
            matches: matcher(filter),
            limit,
            signal: io.signal,
          });
          const shown = letters.map((letter) => summaryOf(letter, body));
          emit(io, settings, { queue: queue.name, messages: shown, more: incomplete }, () =>
            renderLetters(letters, body, incomplete),
          );
        }),
    );

  const work =
    (
      verb: string,
      past: string,
      doIt: (context: Context, queue: DeadLetterQueue, options: WorkOptions) => Promise<WorkDone>,
    ) =>
    async (name: string | undefined, { rate, limit, ...filter }: WorkCommandOptions, command: Command) =>
      withQueue(command, name, async (context, queue) => {
        const { settings } = context;
        if (verb === 'purge') {
          await confirm(
            io,
            settings,
            safe`purge deletes ${limit === undefined ? 'all' : `up to ${limit}`} messages of the dead-letter queue of ${queue.name}${Object.keys(filter).length === 0 ? '' : ' that match'}`,
          );
        }
        const { matched, passedOver, done, failed, incomplete } = await doIt(context, queue, {
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
          { queue: queue.name, dryRun: settings.dryRun, matched, passedOver, [past]: done, failed, incomplete },
          () =>
            [
              settings.dryRun
                ? `${matched} would be ${past}, ${passedOver} would stay (dry run: nothing was changed)`
                : `${done} ${past}, ${passedOver} passed over, ${failed} failed`,
              ...(incomplete && limit === undefined ? ['Not all of the queue was looked at: run it again.'] : []),
            ].join('\n'),
        );
        if (failed > 0) {
          throw new CliError(
            ExitCode.incomplete,
            `${failed} messages could not be ${past} and are in the queue again; see dlq show ${queue.name}`,
          );
        }
      });

  filtered(dlq.command('redrive'))
    .description('send messages to where they were to go, and delete them here')
    .option('--rate <messages>', 'so many in a second', wholeNumber(1, 3_000), 10)
    .action(
      work('redrive', 'redriven', ({ clients, pipeline }, queue, options) =>
        redrive(clients, pipeline, queue, options),
      ),
    );
  filtered(dlq.command('purge'))
    .description('delete messages for good')
    .option('--rate <messages>', 'so many in a second', wholeNumber(1, 3_000), 3_000)
    .action(work('purge', 'deleted', ({ clients }, queue, options) => purge(clients, queue, options)));
}

const PROGRESS_EVERY = 500;

const filtered = (command: Command) =>
  command
    .argument('[queue]', 'which, if the stack has several')
    .option('--key <pattern>', 'only of this object key; * stands for any text')
    .option('--reason <text>', 'only with this in their reason')
    .option('--correlation-id <id>', 'only of this job')
    .option('--message-id <id>', 'only this message')
    .option('--sent-before <time>', 'only if sent longer ago than this, such as 30m or 7d', ago)
    .option('--sent-after <time>', 'only if sent since this long ago', ago)
    .option('--limit <messages>', 'so many at most', wholeNumber(1, 1_000_000));

function withQueue(
  command: Command,
  name: string | undefined,
  action: (context: Context, queue: DeadLetterQueue) => Promise<void>,
): Promise<void> {
  return inPipeline(command, async (context) => {
    const { deadLetters } = await describeQueues(context.clients, context.pipeline);
    await action(context, choose('dead-letter queue', deadLetters, name));
  });
}

const summaryOf = (
  { messageId, sentAt, receives, bucket, key, correlationId, reason, body }: Letter,
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

function renderLetters(letters: readonly Letter[], withBody: boolean, incomplete: boolean): string {
  if (letters.length === 0) {
    return 'No message matches.';
  }
  const rows = letters.map(({ messageId, sentAt, receives, key, correlationId, reason }) => [
    messageId,
    age((Date.now() - sentAt.getTime()) / 1_000),
    receives,
    key,
    correlationId,
    reason?.slice(0, 160),
  ]);
  return [
    table(['MESSAGE', 'AGE', 'RECEIVES', 'KEY', 'CORRELATION ID', 'REASON'], rows),
    ...(withBody ? letters.map(({ messageId, body }) => `\n${printable(messageId)}\n${printable(body)}`) : []),
    ...(incomplete ? ['There may be more: raise --limit.'] : []),
  ].join('\n');
}
