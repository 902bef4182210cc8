import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..', '..');

/**
 * Makes what a test takes from lib/, dist/ or the like, unless it is there and current.
 *
 * @param steps of build-tools/make.ts
 */
export function makeArtifacts(...steps: string[]): void {
  execFileSync(process.execPath, [join(root, 'build-tools', 'make.ts'), ...steps], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
