import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LocalCloudError, messageOf } from '../errors';
import { installFailure } from './install-failure';

const run = promisify(execFile);

/** Directory of the Python files of this package; a sibling of `src` and of `lib`. */
export const EMULATOR_DIR = resolve(__dirname, '..', '..', 'emulator');

const REQUIREMENTS = join(EMULATOR_DIR, 'requirements.txt');
const INSTALL_TIMEOUT_MS = 10 * 60_000;

export interface ToolchainOptions {
  readonly toolsDir: string;
  readonly python: string;
  readonly requirements?: string;
  /** What the packages are: part of the directory's name. Default: `emulator`. */
  readonly name?: string;
  readonly line: (line: string) => void;
}

/**
 * Returns the interpreter of a virtual environment with exactly the packages of `requirements.txt`.
 *
 * The environment is created once for each content of that file, and reused. It is built in a temporary directory and
 * moved when it is complete, so an interrupted or a simultaneous installation leaves no incomplete environment.
 */
export async function ensureToolchain(options: ToolchainOptions): Promise<string> {
  const requirements = options.requirements ?? REQUIREMENTS;
  const stamp = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const name = options.name ?? 'emulator';
  const home = join(options.toolsDir, `${name}-${stamp}`);
  const interpreter = join(home, 'bin', 'python');
  if (existsSync(join(home, 'complete')) && existsSync(interpreter)) {
    return interpreter;
  }
  await checkPython(options.python);
  options.line(`installing the ${name} into ${home} (once)`);
  const building = `${home}.${process.pid}`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(options.toolsDir, { recursive: true });
  try {
    await run(options.python, ['-m', 'venv', building], { timeout: INSTALL_TIMEOUT_MS });
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      // No code of a package runs at the installation, and nothing is fetched but the files with these hashes
      '--require-hashes',
      '--only-binary',
      ':all:',
      '--no-deps',
      '--retries',
      '2',
      '-r',
      requirements,
    ];
    await run(join(building, 'bin', 'python'), pip, { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw new LocalCloudError('InstallFailed', installFailure(error, requirements), { cause: error });
  }
  writeFileSync(join(building, 'complete'), '');
  try {
    renameSync(building, home);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(join(home, 'complete'))) {
      throw new LocalCloudError(
        'InstallFailed',
        `cannot move the ${name} to ${home}: ${messageOf(error)}; delete that directory and try again`,
        { cause: error },
      );
    }
  }
  return interpreter;
}

async function checkPython(python: string): Promise<void> {
  let version: string;
  try {
    version = (await run(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])).stdout.trim();
  } catch (error) {
    throw new LocalCloudError(
      'PythonMissing',
      `the emulator needs Python 3.10 or newer, and \`${python}\` does not run; install it or name another with --python`,
      { cause: error },
    );
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 10)) {
    throw new LocalCloudError(
      'PythonMissing',
      `the emulator needs Python 3.10 or newer, and \`${python}\` is ${version}; install a newer one or name it with --python`,
    );
  }
  try {
    await run(python, ['-c', 'import venv, ensurepip']);
  } catch (error) {
    throw new LocalCloudError(
      'PythonMissing',
      `\`${python}\` has no module venv; install it (Debian and Ubuntu: apt install python3-venv)`,
      { cause: error },
    );
  }
}
