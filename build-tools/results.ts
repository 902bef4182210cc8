import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Leaves what a runner counted in build/results/, where the gate adds it up. */
export function record(runner: string, { passed, failed }: Counts) {
  const folder = join(root, 'build', 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${runner}.json`), JSON.stringify({ passed, failed }));
}
