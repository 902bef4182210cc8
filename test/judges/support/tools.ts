// The judges, each pinned by its hash, installed into .tools/ on first use.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ensureToolchain } from 'fileworks-local/lib/emulator/toolchain.js';
import { fetchArtifact } from '../../support/maven-artifacts.ts';

const tools = resolve(process.env.FILEWORKS_TOOLS_DIR ?? '.tools');
const pins = resolve('test/judges/tools');
const line = (text: string) => process.stdout.write(`${text}\n`);

/** The interpreter of the environment that has cfn-lint, parliament, zizmor and shellcheck. */
export function python(): Promise<string> {
  const requirements = join(pins, 'requirements.txt');
  return ensureToolchain({ name: 'judges', toolsDir: tools, python: 'python3', requirements, line });
}

/** A program that is no Python: zizmor or shellcheck. */
export async function program(name: string): Promise<string> {
  return join(dirname(await python()), name);
}

/** The directory of the Java libraries. */
export function eventRuler(): Promise<string> {
  return fetchArtifact({
    name: 'Event Ruler',
    group: 'software.amazon.event.ruler',
    artifact: 'event-ruler',
    version: '2.1.0',
    hashes: join(pins, 'event-ruler.sha256'),
  });
}

/** Go checks the sources against go.sum, and builds them. */
export function actionlint(): string {
  const sum = createHash('sha256').update(readFileSync(join(pins, 'go.sum')));
  const file = join(tools, `actionlint-${sum.digest('hex').slice(0, 12)}`);
  if (!existsSync(file)) {
    if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) {
      throw new Error('actionlint needs Go 1.25 or newer (go on the PATH): install it and run the command again');
    }
    line(`building actionlint into ${file} (once)`);
    const building = `${file}.${process.pid}`;
    execFileSync('go', ['build', '-mod=readonly', '-o', building, 'github.com/rhysd/actionlint/cmd/actionlint'], {
      cwd: pins,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    renameSync(building, file);
  }
  return file;
}
