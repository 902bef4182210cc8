import type { Command } from 'commander';
import { attemptsOf, type ShownAttempt } from '../attempts';
import type { DispatchedFile } from '../dispatchers';
import { chooseDispatcher, findFile, noSuchFile } from '../files';
import { emit, type Io } from '../support/io';
import { safe } from '../support/printable';
import { inPipeline } from './context';

interface Options {
  readonly bucket?: string;
  readonly dispatcher?: string;
}

export function addFileAttemptsCommand(files: Command, io: Io): void {
  files
    .command('attempts')
    .argument('<file>', 'file id or object key')
    .description('show the last ten attempts of a file: their tasks, logs, times and reasons')
    .option('--bucket <name>', 'bucket of the object, if the stack has several')
    .option('--dispatcher <name>', 'name of the dispatcher, if the stack has several')
    .action((given: string, { bucket, dispatcher: name }: Options, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const dispatcher = await chooseDispatcher(clients, pipeline, name);
        const file = await findFile(clients, pipeline, dispatcher, given, bucket);
        if (file === undefined) {
          throw noSuchFile(dispatcher, given);
        }
        const attempts = attemptsOf(file);
        emit(io, settings, { id: file.id, status: file.status, attempts }, () => renderAttempts(file, attempts));
      }),
    );
}

function renderAttempts({ object, status, attempts: counted }: DispatchedFile, attempts: readonly ShownAttempt[]) {
  return [
    safe`${object.key}: ${status}, ${counted} attempts count`,
    ...(attempts.length === 0 ? ['No attempt of it has failed or was interrupted.'] : attempts.map(renderAttempt)),
  ].join('\n');
}

const instant = (time: number) => new Date(time).toISOString();

function renderAttempt({ epoch, outcome, worker, beganAt, endedAt, reason, page, logPage, log }: ShownAttempt): string {
  const took = beganAt === undefined ? instant(endedAt) : `${instant(beganAt)} to ${instant(endedAt)}`;
  return [
    safe`launch ${epoch} ${outcome}, ${took}${reason === undefined ? '' : `: ${reason}`}`,
    ...[page ?? worker, logPage ?? log].flatMap((place) => (place === undefined ? [] : [safe`  ${place}`])),
  ].join('\n');
}
