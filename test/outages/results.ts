// What was measured, by duration and cell, kept in build/outages/ until the next run of the same cell.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../build-tools/steps.ts';
import { CELLS, DURATIONS, type DurationName } from './cells.ts';
import type { Measured } from './measured.ts';

export interface Result {
  readonly duration: DurationName;
  readonly measured: Measured;
}

const FILE = join(root, 'build', 'outages', 'results.json');

/** Results of cells that are in the matrix, in its order. */
export function kept(): Result[] {
  const all = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Result[]) : [];
  return (Object.keys(DURATIONS) as DurationName[]).flatMap((duration) =>
    CELLS.flatMap(({ id }) => all.filter((result) => result.duration === duration && result.measured.cell.id === id)),
  );
}

export function keep(results: readonly Result[]): void {
  const isNew = ({ duration, measured }: Result) =>
    results.some((result) => result.duration === duration && result.measured.cell.id === measured.cell.id);
  mkdirSync(join(FILE, '..'), { recursive: true });
  writeFileSync(FILE, JSON.stringify([...kept().filter((result) => !isNew(result)), ...results]));
}
