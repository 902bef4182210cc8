import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installWorker, synthExample } from '../../build-tools/examples.ts';
import { once, root, run, tools } from '../../build-tools/steps.ts';

export interface DemoInput {
  /** Directory of the synthesized quickstart. */
  readonly app: string;
  /** Folder of the container code, installed on the packed runtime. */
  readonly worker: string;
  readonly archives: readonly Archive[];
}

/** A real ZIP file on this machine. */
export interface Archive {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

const WHEELS = 'examples/demo/wheels.txt';

/** Prepares the requirements of the demo in .tools/, and reuses existing ones. */
export async function prepare(): Promise<DemoInput> {
  const archives = await wheels();
  const worker = await installWorker('quickstart');
  const app = await synthExample('typescript', 'quickstart', join(tools, 'demo', 'cdk.out'));
  return { app, worker, archives };
}

/** Prepares only the archives. */
export async function wheels(): Promise<Archive[]> {
  const folder = join(tools, 'wheels');
  await once('wheels', [WHEELS], [folder], () => {
    mkdirSync(folder, { recursive: true });
    run(
      'downloading real archives: Python wheels are ZIP files',
      'python3',
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '--only-binary',
        ':all:',
        '--python-version',
        '3.13',
        '--dest',
        folder,
        '-r',
        WHEELS,
      ],
      { needs: 'python3' },
    );
  });
  return archivesIn(folder);
}

/** The pinned wheels only, without leftovers of an earlier list. */
function archivesIn(folder: string): Archive[] {
  const wanted = readFileSync(join(root, WHEELS), 'utf8')
    .split('\n')
    .filter((line) => line.includes('=='))
    .map((line) => line.toLowerCase().replaceAll('-', '_').replace('==', '-'));
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => wanted.some((start) => name.toLowerCase().startsWith(`${start}-`)))
    : [];
  return names.sort().map((name) => ({ name, path: join(folder, name), bytes: statSync(join(folder, name)).size }));
}
