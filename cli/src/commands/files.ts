import { Option, type Command } from 'commander';
import { OPEN_STATUSES, operate, type DispatchedFile, type FileList } from '../dispatchers';
import { chooseDispatcher } from '../files';
import { follow, type Trail } from '../follow';
import type { Pipeline } from '../pipeline';
import type { Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import { emit, type Io } from '../support/io';
import { ago, wholeNumber } from '../support/options';
import { safe } from '../support/printable';
import { age, table } from '../support/table';
import { inPipeline } from './context';
import { addFileAttemptsCommand } from './files-attempts';
import { addFileChangeCommands } from './files-change';

interface ListOptions {
  readonly type?: string;
  readonly status: string;
  readonly limit: number;
  readonly dispatcher?: string;
}

interface FollowCommandOptions {
  readonly bucket?: string;
  readonly since: Date;
}

export function addFileCommands(program: Command, io: Io): void {
  const files = program
    .command('files')
    .description('list, skip or cancel files of a TypedDispatcher, or follow one file and its attempts');
  files
    .command('list')
    .description('list files by type and status')
    .option('--type <name>', 'only this type (default: all)')
    .addOption(new Option('--status <name>', 'status of the files').choices(OPEN_STATUSES).default('blocked'))
    .option('--limit <files>', 'maximum files per type', wholeNumber(1, 1_000), 100)
    .option('--dispatcher <name>', 'name of the dispatcher, if the stack has several')
    .action((options: ListOptions, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const { found, more } = await list(clients, pipeline, options);
        emit(io, settings, { files: found, more }, () => renderFiles(found, options.status, more));
      }),
    );
  addFileChangeCommands(files, io);
  addFileAttemptsCommand(files, io);
  files
    .command('follow')
    .argument('<key>', 'object key, not URL-encoded')
    .description('show one file at every hop, with its log lines')
    .option('--bucket <name>', 'bucket of the object, if the stack has several')
    .addOption(
      new Option('--since <time>', 'maximum age of log lines, such as 30m or 7d')
        .argParser(ago)
        .default(ago('1d'), '1d'),
    )
    .action((key: string, options: FollowCommandOptions, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const trail = await follow(clients, pipeline, key, { ...options, signal: io.signal });
        emit(io, settings, trail, () => renderTrail(trail));
      }),
    );
}

/** The files of a status, type by type. */
async function list(
  clients: Clients,
  pipeline: Pipeline,
  { dispatcher: name, type: only, status, limit }: ListOptions,
): Promise<{ readonly found: readonly DispatchedFile[]; readonly more: boolean }> {
  const dispatcher = await chooseDispatcher(clients, pipeline, name);
  if (only !== undefined && !dispatcher.types.includes(only)) {
    throw new CliError(ExitCode.usage, `--type must be one of ${dispatcher.types.join(', ')}, got: ${only}`);
  }
  const found: DispatchedFile[] = [];
  let more = false;
  for (const type of only === undefined ? dispatcher.types : [only]) {
    const answer = await operate<FileList>(clients, dispatcher, { action: 'list', type, status, limit });
    found.push(...answer.files);
    more ||= answer.more;
  }
  return { found, more };
}

function renderFiles(files: readonly DispatchedFile[], status: string, more: boolean): string {
  if (files.length === 0) {
    return safe`No file is ${status}.`;
  }
  const rows = files.map(({ id, type, sequence, attempts, registeredAt, object, reason }) => [
    type,
    object.key,
    sequence,
    attempts,
    age((Date.now() - registeredAt) / 1_000),
    reason?.slice(0, 120),
    id,
  ]);
  return (
    table(['TYPE', 'KEY', 'SEQUENCE', 'ATTEMPTS', 'AGE', 'REASON', 'ID'], rows) +
    (more ? '\nMore files exist: raise --limit, or set --type.' : '')
  );
}

function renderTrail({ bucket, key, correlationId, object, rules, files, deadLetterMessages, log }: Trail): string {
  return [
    safe`${bucket}/${key}`,
    safe`correlation id ${correlationId ?? 'unknown: no log line and no dispatcher has this key'}`,
    object === undefined
      ? 'hop 1: the object does not exist in the bucket'
      : safe`hop 1: ${object.size} bytes, ${object.modified}${object.versionId === undefined ? '' : ` version ${object.versionId}`}`,
    ...rules.map(
      ({ name, enabled, matches, targets }) =>
        safe`hop 2: rule ${name} ${matches ? 'matches' : 'does not match'}${enabled ? '' : ', but is DISABLED'} → ${targets.map((arn) => arn.split(':').at(-1)).join(' ')}`,
    ),
    ...files.map(
      ({ dispatcher, id, type, status, sequence, attempts, reason }) =>
        safe`hop 2: ${dispatcher} status ${status}, type ${type}${sequence === undefined ? '' : `, sequence ${sequence}`}, ${attempts} attempts, id ${id}${reason === undefined ? '' : `: ${reason}`}`,
    ),
    ...deadLetterMessages.map(
      ({ queue, messageId, sentAt, reason }) =>
        safe`hop 8: in the dead-letter queue of ${queue} since ${sentAt}, message ${messageId}${reason === undefined ? '' : `: ${reason}`}`,
    ),
    ...(log.length === 0
      ? ['no log lines found']
      : log.map(({ at, group, message }) => safe`${at}  ${group.split('/').at(-1) ?? group}  ${gist(message)}`)),
  ].join('\n');
}

const MAX_GIST = 400;

/** The message of a structured log line, without its fields; any other line unchanged. */
function gist(line: string): string {
  try {
    const {
      level = '',
      msg,
      message,
      outcome,
      reason,
      err,
    } = JSON.parse(line) as Partial<Record<string, string>> & { readonly err?: { readonly message?: string } };
    return [level.toUpperCase(), msg ?? message, outcome, reason, err?.message]
      .filter((part) => typeof part === 'string' && part !== '')
      .join('  ')
      .slice(0, MAX_GIST);
  } catch {
    return line.slice(0, MAX_GIST);
  }
}
