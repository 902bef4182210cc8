import type { Command } from 'commander';
import type { DeadLetterMessage } from '../rerun/message';
import { scan } from '../rerun/scan';
import { choose } from '../pipeline';
import { describeQueues } from '../queues';
import { deleteMessages } from '../rerun/dead-letters';
import { matcher, type ItemFilter } from '../rerun/filter';
import { paced } from '../rerun/paced';
import { CliError, ExitCode } from '../support/errors';
import { filtered } from '../support/filter-options';
import { confirm, emit, progressOf, type Io } from '../support/io';
import { wholeNumber } from '../support/options';
import { safe } from '../support/printable';
import { inPipeline } from './context';

interface PurgeOptions extends ItemFilter {
  readonly limit?: number;
  readonly rate: number;
}

export function addDeadLetterCommands(program: Command, io: Io): void {
  const dlq = program.command('dlq').description('delete dead-letter messages; rerun lists them and runs them again');
  filtered(dlq.command('purge'), 'messages')
    .argument('[queue]', 'name of the queue, if the stack has several')
    .description('delete messages permanently')
    .option('--rate <messages>', 'maximum messages per second', wholeNumber(1, 3_000), 3_000)
    .action((name: string | undefined, { rate, limit, ...filter }: PurgeOptions, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const { deadLetterQueues } = await describeQueues(clients, pipeline);
        const queue = choose('dead-letter queue', deadLetterQueues, name);
        await confirm(
          io,
          settings,
          safe`purge deletes ${limit === undefined ? 'all' : `up to ${limit}`}${Object.keys(filter).length === 0 ? '' : ' matching'} messages in the dead-letter queue of ${queue.name}`,
        );
        const { done, error, ...scanned } = await paced<DeadLetterMessage>(
          { scan: (options, handle) => scan(clients, queue, options, handle) },
          {
            matches: matcher(filter),
            rate,
            ...(limit !== undefined && { limit }),
            dryRun: settings.dryRun,
            signal: io.signal,
            progress: progressOf(io, settings, 'deleted'),
          },
          (messages) => deleteMessages(clients, queue, messages),
        );
        const { matched, notMatched, failed, incomplete } = scanned;
        emit(io, settings, { queue: queue.name, dryRun: settings.dryRun, ...scanned, deleted: done }, () =>
          [
            settings.dryRun
              ? `${matched} would be deleted, ${notMatched} not matched (dry run: nothing changed)`
              : `${done} deleted, ${notMatched} not matched, ${failed} failed`,
            ...(incomplete && limit === undefined ? ['The queue was not scanned to its end: run it again.'] : []),
          ].join('\n'),
        );
        if (failed > 0) {
          throw new CliError(
            ExitCode.incomplete,
            `${failed} messages could not be deleted and remain in the queue${error === undefined ? '' : `: ${error}`}`,
          );
        }
      }),
    );
}
