import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { choose } from '../pipeline';
import type { FailedItem } from '../rerun/failed-item';
import { matcher, type ItemFilter } from '../rerun/filter';
import { paced, peek, type PacedResult } from '../rerun/paced';
import type { RerunSource } from '../rerun/source';
import { listSources } from '../rerun/sources';
import { describeSchedules, runAsScheduled } from '../schedules';
import { CliError, ExitCode } from '../support/errors';
import { filtered, filteredFiles } from '../support/filter-options';
import { emit, progressOf, type Io } from '../support/io';
import { instant, wholeNumber } from '../support/options';
import { printable, safe } from '../support/printable';
import { age, table } from '../support/table';
import { inPipeline, type Context } from './context';

interface ListOptions extends ItemFilter {
  readonly limit?: number;
  readonly body?: boolean;
}

interface RerunOptions extends ItemFilter {
  readonly limit?: number;
  readonly rate: number;
  readonly all?: boolean;
  readonly for?: Date;
}

const SOURCE = 'name of the construct whose work failed (default: all)';
const LISTED = 10;

export function addRerunCommands(program: Command, io: Io): void {
  const rerun = filteredFiles(filtered(program.command('rerun'), 'items'))
    .argument('[source]', SOURCE)
    .description(
      'run again what failed: dead-letter messages, executions of object tasks, scheduled jobs, and files of a dispatcher',
    )
    .option('--all', 'everything that failed')
    .option('--rate <items>', 'maximum items per second', wholeNumber(1, 3_000), 10)
    .option(
      '--for <time>',
      'run a scheduled job once, for this time of its schedule, such as 2026-11-19T01:30:00Z',
      instant,
    )
    .action((name: string | undefined, options: RerunOptions, command: Command) => {
      const { limit, rate, all = false, for: time, ...filter } = options;
      if (time !== undefined) {
        return runOnce(command, io, name, time);
      }
      if (Object.keys(filter).length === 0 && !all) {
        throw new CliError(
          ExitCode.usage,
          'rerun requires a selection, got none; add --key, --type, --sequence, --reason, --correlation-id, --id, --failed-before or --failed-after, or --all; fileworks rerun list shows what failed',
        );
      }
      return inPipeline(command, (context) => runAgain(context, io, name, { limit, rate, filter }));
    });
  filteredFiles(filtered(rerun.command('list'), 'items'))
    .argument('[source]', SOURCE)
    .description('list what failed and can be run again')
    .option('--body', 'include events and inputs, which may contain sensitive data')
    .action((name: string | undefined, { body = false }: ListOptions, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        // The parser gives options that both commands have to the parent
        const { limit = LISTED, ...filter } = rerun.opts<ListOptions>();
        const found: Listed[] = [];
        for (const source of await withItems(clients, pipeline, name)) {
          const { items, incomplete } = await peek(source, { matches: matcher(filter), limit, signal: io.signal });
          found.push({ source, items, more: incomplete });
        }
        emit(
          io,
          settings,
          found.map(({ source: { name: of, kind }, items, more }) => ({
            source: of,
            kind,
            items: items.map((item) => summaryOf(item, body)),
            more,
          })),
          () => renderItems(found, body),
        );
      }),
    );
}

interface Listed {
  readonly source: RerunSource;
  readonly items: readonly FailedItem[];
  readonly more: boolean;
}

/** Without a name, queues that are empty are left out: a scan takes seconds, and SQS counts approximately. */
async function withItems(
  clients: Context['clients'],
  pipeline: Context['pipeline'],
  name: string | undefined,
): Promise<RerunSource[]> {
  const sources = await listSources(clients, pipeline, name);
  return name === undefined ? sources.filter(({ count }) => count !== 0) : sources;
}

async function runAgain(
  { clients, pipeline, settings }: Context,
  io: Io,
  name: string | undefined,
  { limit, rate, filter }: { readonly limit?: number; readonly rate: number; readonly filter: ItemFilter },
): Promise<void> {
  const results: (PacedResult & Pick<RerunSource, 'name' | 'kind'>)[] = [];
  for (const source of await withItems(clients, pipeline, name)) {
    const result = await paced(
      source,
      {
        matches: matcher(filter),
        rate,
        ...(limit !== undefined && { limit }),
        dryRun: settings.dryRun,
        signal: io.signal,
        progress: progressOf(io, settings, `started again from ${source.name}:`),
      },
      (items) => source.rerun(items),
    );
    results.push({ name: source.name, kind: source.kind, ...result });
  }
  emit(
    io,
    settings,
    results.map(({ name: source, done, ...rest }) => ({ source, ...rest, rerun: done, dryRun: settings.dryRun })),
    () => renderResults(results, settings.dryRun, limit),
  );
  const failed = results.filter((result) => result.failed > 0);
  const first = failed.at(0);
  if (first !== undefined) {
    const count = failed.reduce((sum, result) => sum + result.failed, 0);
    throw new CliError(
      ExitCode.incomplete,
      `${count} items could not be started and remain where they are${first.error === undefined ? '' : `: ${first.error}`}; see fileworks rerun list ${first.name}`,
    );
  }
}

const runOnce = (command: Command, io: Io, name: string | undefined, time: Date) =>
  inPipeline(command, async ({ clients, pipeline, settings }) => {
    const schedule = choose('schedule', await describeSchedules(clients, pipeline), name);
    const scheduledTime = time.toISOString().replace(/\.\d+Z$/, 'Z');
    if (!settings.dryRun) {
      await runAsScheduled(clients, schedule, scheduledTime, randomUUID());
    }
    emit(
      io,
      settings,
      { source: schedule.name, scheduledTime, dryRun: settings.dryRun },
      () =>
        safe`${schedule.name} ${settings.dryRun ? 'would be started' : 'was started'} for ${scheduledTime}${settings.dryRun ? ' (dry run: nothing changed)' : ''}`,
    );
  });

function renderResults(
  results: readonly (PacedResult & Pick<RerunSource, 'name' | 'kind'>)[],
  dryRun: boolean,
  limit: number | undefined,
): string {
  if (results.length === 0) {
    return 'Nothing has failed.';
  }
  const cut = results.filter(({ incomplete }) => incomplete && limit === undefined);
  return [
    ...results.map(({ name, kind, matched, notMatched, done, failed }) =>
      dryRun
        ? safe`${name} (${kind}): ${matched} would run again, ${notMatched} not matched (dry run: nothing changed)`
        : safe`${name} (${kind}): ${done} run again, ${notMatched} not matched, ${failed} failed`,
    ),
    ...cut.map(({ name }) => safe`${name} was not scanned to its end: repeat the command.`),
  ].join('\n');
}

const summaryOf = ({ id, failedAt, bucket, key, correlationId, reason, body }: FailedItem, withBody: boolean) => ({
  id,
  failedAt: failedAt.toISOString(),
  bucket,
  key,
  correlationId,
  reason,
  ...(withBody && { body }),
});

function renderItems(found: readonly Listed[], withBody: boolean): string {
  const all = found.flatMap(({ source, items }) => items.map((item) => ({ source, item })));
  if (all.length === 0) {
    return 'Nothing that failed matches.';
  }
  const rows = all.map(({ source: { name, kind }, item: { id, failedAt, key, correlationId, reason } }) => [
    name,
    kind,
    id,
    age((Date.now() - failedAt.getTime()) / 1_000),
    key,
    correlationId,
    reason?.slice(0, 160),
  ]);
  return [
    table(['SOURCE', 'KIND', 'ID', 'AGE', 'KEY', 'CORRELATION ID', 'REASON'], rows),
    ...(withBody ? all.map(({ item: { id, body } }) => `\n${printable(id)}\n${printable(body)}`) : []),
    ...(found.some(({ more }) => more) ? ['There may be more: raise --limit.'] : []),
  ].join('\n');
}
