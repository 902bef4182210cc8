import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { type Dispatcher, type OpenStatus } from '../dispatchers';
import { chooseDispatcher } from '../files';
import { changeFiles, pagesOf, type OpenFile } from '../rerun/dispatched-files';
import { matcher, type ItemFilter } from '../rerun/filter';
import { paced, type PacedResult } from '../rerun/paced';
import { scanPages } from '../rerun/source';
import { CliError, ExitCode } from '../support/errors';
import { filtered, filteredFiles } from '../support/filter-options';
import { confirm, emit, progressOf, type Io } from '../support/io';
import { wholeNumber } from '../support/options';
import { safe } from '../support/printable';
import { inPipeline, type Context } from './context';

type Action = 'skip' | 'cancel';

interface Options extends ItemFilter {
  readonly status?: OpenStatus;
  readonly because: string;
  readonly all?: boolean;
  readonly limit?: number;
  readonly rate: number;
  readonly dispatcher?: string;
  readonly by: string;
}

/** Statuses of the files that an action changes, those that run first: a queue must not launch meanwhile. */
const CHANGED: Readonly<Record<Action, readonly OpenStatus[]>> = {
  skip: ['queued', 'parked', 'waiting', 'blocked'],
  cancel: ['queued', 'parked', 'waiting', 'blocked', 'starting', 'running'],
};
const PAST = { skip: 'skipped', cancel: 'canceled' } as const;

export function addFileChangeCommands(files: Command, io: Io): void {
  const add = (action: Action, description: string) =>
    filteredFiles(filtered(files.command(action), 'files'))
      .description(description)
      .addOption(new Option('--status <name>', 'only files with this status').choices(CHANGED[action]))
      .requiredOption('--because <text>', 'reason of the command, kept with each file')
      .option('--all', 'every file that the command can change')
      .option('--rate <files>', 'maximum files per second', wholeNumber(1, 100), 10)
      .option('--dispatcher <name>', 'name of the dispatcher, if the stack has several')
      .option('--by <operator>', 'operator in the log of the operator function', userInfo().username)
      .action((options: Options, command: Command) =>
        inPipeline(command, (context) => changeAll(context, io, action, options)),
      );
  add('skip', 'skip files that are queued, waiting, blocked or parked');
  add('cancel', 'skip files that have not ended; stop the tasks of those that are starting or running');
}

async function changeAll(context: Context, io: Io, action: Action, options: Options): Promise<void> {
  const { clients, pipeline, settings } = context;
  const { dispatcher: name, status, because, all = false, limit, rate, by, ...filter } = options;
  if (Object.keys(filter).length === 0 && status === undefined && !all) {
    throw new CliError(
      ExitCode.usage,
      `files ${action} requires a selection, got none; add --type, --sequence, --status, --reason, --key or another filter, or --all`,
    );
  }
  const dispatcher = await chooseDispatcher(clients, pipeline, name);
  await confirm(
    io,
    settings,
    safe`files ${action} excludes all files of ${dispatcher.name} that match from processing`,
  );
  const { type, sequence } = filter;
  const pages = async function* () {
    for (const one of status === undefined ? CHANGED[action] : [status]) {
      yield* pagesOf(clients, dispatcher, {
        status: one,
        ...(type !== undefined && { type }),
        ...(sequence !== undefined && { sequence }),
      });
    }
  };
  const result = await paced<OpenFile>(
    { scan: (scan, handle) => scanPages(pages(), scan, handle) },
    {
      // The function compares the sequence, which may be written in two ways
      matches: matcher({ ...filter, sequence: undefined }),
      rate,
      ...(limit !== undefined && { limit }),
      dryRun: settings.dryRun,
      signal: io.signal,
      progress: progressOf(io, settings, `${PAST[action]}:`),
    },
    (items) => changeFiles(clients, dispatcher, items, { action, reason: because, by }),
  );
  report(io, context, dispatcher, action, result);
}

function report(
  io: Io,
  { settings }: Context,
  { name }: Dispatcher,
  action: Action,
  { done, ...rest }: PacedResult,
): void {
  const past = PAST[action];
  emit(io, settings, { dispatcher: name, action, ...rest, changed: done, dryRun: settings.dryRun }, () =>
    settings.dryRun
      ? safe`${name}: ${rest.matched} files would be ${past}, ${rest.notMatched} not matched (dry run: nothing changed)`
      : safe`${name}: ${done} files ${past}, ${rest.notMatched} not matched, ${rest.failed} failed`,
  );
  if (rest.failed > 0) {
    throw new CliError(
      ExitCode.incomplete,
      `${rest.failed} files were not ${past}${rest.error === undefined ? '' : `: ${rest.error}`}; see fileworks files list`,
    );
  }
}
