import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { LocalCloudError, messageOf } from '../errors';
import { readDockerfile, type Stage } from './dockerfile';
import { sourceFolder } from './source-folder';
import type { ImageBuild, TaskMapEntry } from './task-map';

/** A process that stands for the image of a Dockerfile. */
export type ImageProcess = Required<Pick<TaskMapEntry, 'entrypoint' | 'command' | 'cwd' | 'env'>> & {
  /** Whether RUN prepares the image. */
  readonly hasRun: boolean;
};

/**
 * The command, folder and variables of a Dockerfile, with paths of the image replaced by those of the files that COPY
 * takes them from. Programs of the base image are those on the PATH of this machine.
 *
 * Throws `LocalCloudError` when the Dockerfile does not say what to run, or it cannot run here.
 */
export function imageProcess({ directory, dockerFile = 'Dockerfile', target, args }: ImageBuild): ImageProcess {
  const stage = readDockerfile(read(join(directory, dockerFile)), {
    ...(target !== undefined && { target }),
    ...(args && { args }),
  });
  if (stage.entrypoint.length + stage.command.length === 0) {
    throw new LocalCloudError(
      'TasksInvalid',
      `its Dockerfile has neither ENTRYPOINT nor CMD, and those of ${stage.base || 'its base image'} are not known here`,
    );
  }
  const context = sourceFolder(directory, dockerFile) ?? directory;
  const cwd = hostPath(stage, stage.workdir, context) ?? context;
  const local = (text: string): string =>
    text.replace(/(?<![\w./-])\/[\w./@+-]+/g, (path) => hostPath(stage, path, context) ?? path);
  const env = Object.fromEntries(Object.entries(stage.env).map(([name, value]) => [name, local(value)]));
  const [first = '', ...rest] = [...stage.entrypoint, ...stage.command].map(local);
  const argv = [programOf(first, cwd, { PATH: process.env['PATH'], ...env }.PATH ?? ''), ...rest];
  return {
    entrypoint: argv.slice(0, stage.entrypoint.length),
    command: argv.slice(stage.entrypoint.length),
    cwd: statSync(cwd, { throwIfNoEntry: false })?.isDirectory() ? cwd : context,
    env,
    hasRun: stage.hasRun,
  };
}

/** Where a path of the image is on this machine: the last and nearest COPY decides. */
function hostPath(stage: Stage, path: string, context: string): string | undefined {
  const found = stage.copies
    .flatMap((copied) => mappingsOf(copied, context))
    .filter(({ image }) => path === image || path.startsWith(image === '/' ? image : `${image}/`))
    .reduce<Mapping | undefined>(
      (best, mapping) => (mapping.image.length >= (best?.image.length ?? 0) ? mapping : best),
      undefined,
    );
  const host = found && join(found.host, path.slice(found.image.length));
  // What is copied to the root of the image is not all that is there.
  return host !== undefined && (found?.image !== '/' || existsSync(host)) ? host : undefined;
}

/** A folder or file of the image, and the one of this machine. */
interface Mapping {
  readonly image: string;
  readonly host: string;
}

function mappingsOf({ sources, from, to, intoFolder }: Stage['copies'][number], context: string): Mapping[] {
  return sources.flatMap((source) => {
    const host = from ? hostPath(from, resolve('/', source), context) : join(context, source);
    if (host === undefined) {
      return [];
    }
    // A folder is copied as its content. What a build makes may not be here yet: its name must do.
    const isFile =
      /[*?[]/.test(basename(source)) ||
      (statSync(host, { throwIfNoEntry: false })?.isFile() ?? /\.\w+$/.test(basename(source)));
    return [{ image: to, host: isFile && intoFolder ? dirname(host) : host }];
  });
}

/** A program of the project, or that of the same name on this machine. */
function programOf(program: string, cwd: string, path: string): string {
  if (program.includes('/') && existsSync(resolve(cwd, program))) {
    return program;
  }
  const name = basename(program);
  if (path.split(delimiter).some((folder) => isExecutable(join(folder, name)))) {
    return name;
  }
  throw new LocalCloudError(
    'TasksInvalid',
    `the program ${program} of its Dockerfile is not on the PATH of this machine`,
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new LocalCloudError('AssemblyInvalid', `its Dockerfile cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
