import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BuildMapEntry, LocalCloud } from 'fileworks-local';
import { inAccount } from './clouds/account';
import { accountRun, type Cloud, patience } from './clouds/cloud';
import { onLocalCloud } from './clouds/local';

const root = resolve(__dirname, '..', '..', '..');
const tool = (...args: string[]) =>
  execFileSync(process.execPath, [join(root, 'build-tools', 'examples.ts'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

export interface DeploymentOptions {
  /** Folder of the synthesized app in build/e2e; two tests must not share one. Default: the name of the deployment. */
  readonly folder?: string;
  /** Task families that the worker runs for; an image of any other cannot be pulled. Default: all. */
  readonly family?: string;
  /** A command that runs once in the folder of the container code, like the build of its Dockerfile. Default: none. */
  readonly build?: readonly string[];
  /** Starts the worker there. Default: `node main.ts`. */
  readonly command?: readonly string[];
  /** Speed of the cloud's clock. Default: 60. */
  readonly speed?: number;
  /** Where the sources of builds are. Default: nowhere. */
  readonly builds?: readonly BuildMapEntry[];
  /** Changes the text of a template for this machine. Default: no change. */
  readonly adapt?: (template: string) => string;
}

/** Where `startDeployment` synthesizes an app. */
export const appFolder = (folder: string) => join(root, 'build', 'e2e', folder);

/** Where the container code of a reference deployment is installed. */
export const workerFolder = (name: string) => tool('worker', name).trim().split('\n').at(-1)!;

/**
 * Starts a reference deployment like its user: on the packed packages, from its own template, with its own worker.
 */
export async function startDeployment(
  name: string,
  {
    folder = name,
    family = '*',
    build,
    command = ['node', 'main.ts'],
    speed = 60,
    builds = [],
    adapt,
  }: DeploymentOptions = {},
): Promise<LocalCloud> {
  const app = appFolder(folder);
  tool('typescript', name, app);
  const cwd = workerFolder(name);
  if (build !== undefined) {
    execFileSync(build[0], build.slice(1), { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  if (adapt !== undefined) {
    for (const file of readdirSync(app)
      .filter((path) => path.endsWith('.template.json'))
      .map((path) => join(app, path))) {
      writeFileSync(file, adapt(readFileSync(file, 'utf8')));
    }
  }
  // Compiled code is kept, because every task is a process of its own
  const env = { NODE_COMPILE_CACHE: join(cwd, 'node_modules', '.compiled') };
  const logDir = `${app}-logs`;
  return LocalCloud.start({
    app,
    tasks: { tasks: [{ family, command, cwd, env }], builds },
    speed,
    logDir,
    toolsDir: join(root, '.tools'),
  });
}

/** A reference deployment in the account where `npm run integ` has deployed it, or on a local cloud of its own. */
export async function deploymentOf(name: string, options?: DeploymentOptions): Promise<Cloud> {
  return accountRun === null ? onLocalCloud(await startDeployment(name, options)) : inAccount(accountRun);
}

export async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000 * patience;
  for (;;) {
    const found = await look();
    if (found !== undefined) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${seconds} s: ${what}`);
    }
    await sleep(250);
  }
}
