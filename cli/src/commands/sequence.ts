import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { operate, type DispatchedFile, type Pauses } from '../dispatchers';
import { chooseDispatcher, findFile, noSuchFile } from '../files';
import { CliError, ExitCode } from '../support/errors';
import { confirm, emit, type Io } from '../support/io';
import { safe } from '../support/printable';
import { inPipeline } from './context';
import { addSequenceShowCommands } from './sequence-show';

interface Options {
  readonly reason?: string;
  readonly dispatcher?: string;
  readonly bucket?: string;
  readonly by: string;
}

const MUST_BE = {
  skip: 'queued, waiting, blocked or parked',
  cancel: 'open or parked',
  redrive: 'blocked or parked',
  reprocess: 'completed',
} as const;
const SCOPE = 'a type, a sequence such as A/customer-1, or *';

export function addSequenceCommands(program: Command, io: Io): void {
  const sequence = program
    .command('sequence')
    .description(
      'list, show, pause and resume sequences of a TypedDispatcher; skip, cancel, redrive or reprocess one file',
    );
  const add = (name: string, argument: string, what: string, description: string) =>
    sequence
      .command(name)
      .argument(argument, what)
      .description(description)
      .option('--dispatcher <name>', 'name of the dispatcher, if the stack has several')
      .option('--by <operator>', 'operator in the log of the operator function', userInfo().username);
  addSequenceShowCommands(sequence, io);
  add('pause', '<scope>', SCOPE, 'start no further files in the scope; running files finish')
    .requiredOption('--reason <text>', 'reason, shown by status')
    .action((scope: string, options: Options, command: Command) =>
      pause(command, io, options, { action: 'pause', scope, reason: options.reason }),
    );
  add('resume', '<scope>', SCOPE, 'end a pause').action((scope: string, options: Options, command: Command) =>
    pause(command, io, options, { action: 'resume', scope }),
  );
  add('skip', '<file>', 'file id or object key', 'skip a file that is queued, waiting, blocked or parked')
    .requiredOption('--reason <text>', 'reason, kept with the file')
    .option('--bucket <name>', 'bucket of the object, if the stack has several')
    .action((file: string, options: Options, command: Command) => change(command, io, file, options, 'skip'));
  add('cancel', '<file>', 'file id or object key', 'stop the task of a file, if it has one, and skip the file')
    .requiredOption('--reason <text>', 'reason, kept with the file')
    .option('--bucket <name>', 'bucket of the object, if the stack has several')
    .action((file: string, options: Options, command: Command) => change(command, io, file, options, 'cancel'));
  add('redrive', '<file>', 'file id or object key', 'queue a blocked or parked file again, with all its attempts')
    .option('--bucket <name>', 'bucket of the object, if the stack has several')
    .action((file: string, options: Options, command: Command) => change(command, io, file, options, 'redrive'));
  add('reprocess', '<file>', 'file id or object key', 'process a completed file once more')
    .requiredOption('--reason <text>', 'reason, kept with the completed attempt')
    .option('--bucket <name>', 'bucket of the object, if the stack has several')
    .action((file: string, options: Options, command: Command) => change(command, io, file, options, 'reprocess'));
}

const pause = (
  command: Command,
  io: Io,
  { dispatcher: name, by }: Options,
  request: { readonly action: 'pause' | 'resume'; readonly scope: string; readonly reason?: string },
) =>
  inPipeline(command, async ({ clients, pipeline, settings }) => {
    const dispatcher = await chooseDispatcher(clients, pipeline, name);
    const answer = settings.dryRun
      ? { outcome: 'dry run: nothing changed', paused: undefined }
      : await operate<{ outcome: string; paused: Pauses }>(clients, dispatcher, { ...request, by });
    emit(
      io,
      settings,
      { dispatcher: dispatcher.name, ...request, ...answer },
      () => safe`${request.action} ${request.scope} of ${dispatcher.name}: ${answer.outcome}`,
    );
  });

const change = (
  command: Command,
  io: Io,
  given: string,
  { dispatcher: name, bucket, reason, by }: Options,
  action: keyof typeof MUST_BE,
) =>
  inPipeline(command, async ({ clients, pipeline, settings }) => {
    const dispatcher = await chooseDispatcher(clients, pipeline, name);
    const found = await findFile(clients, pipeline, dispatcher, given, bucket);
    if (found === undefined) {
      throw noSuchFile(dispatcher, given);
    }
    if (action !== 'redrive') {
      await confirm(
        io,
        settings,
        action === 'reprocess'
          ? safe`reprocess runs the work of ${found.object.key} (${found.status}) once more`
          : safe`${action} excludes ${found.object.key} (${found.status}) from processing`,
      );
    }
    const answer = settings.dryRun
      ? { outcome: 'dry run: nothing changed', file: found }
      : await operate<{ outcome: string; file: DispatchedFile }>(clients, dispatcher, {
          action,
          file: found.id,
          ...(reason !== undefined && { reason }),
          by,
        });
    emit(
      io,
      settings,
      { dispatcher: dispatcher.name, action, before: found.status, ...answer },
      () => safe`${action} ${found.object.key}: ${found.status} → ${answer.file.status} (${answer.outcome})`,
    );
    if (answer.outcome === 'refused' || answer.outcome === 'ignored') {
      throw new CliError(
        ExitCode.incomplete,
        `${action} changed nothing: ${found.object.key} is ${answer.file.status}; the file must be ${MUST_BE[action]}`,
      );
    }
  });
