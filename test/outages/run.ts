// `npm run outages`: plays the matrix of outages; the whole, or `--write`, writes docs/reliability.md from what was
// measured.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inCommitOrder } from '../../build-tools/commit-order.ts';
import { record } from '../../build-tools/results.ts';
import { fail, root, tools } from '../../build-tools/steps.ts';
import { type Cell, nameOf } from './cell.ts';
import { CELLS, DURATIONS, type DurationName } from './cells.ts';
import { reasonOf } from './expected-failures.ts';
import { findings } from './measured.ts';
import { play } from './play.ts';
import { report } from './report.ts';
import { keep, kept, type Result } from './results.ts';

/** A cell with more tasks has too many processes for a sample beside others. */
const MAX_CALLERS_OF_SAMPLE = 2;

process.env.CDK_VALIDATION = 'false';
const { values } = parseArgs({
  options: {
    cells: { type: 'string' },
    durations: { type: 'string' },
    sample: { type: 'string' },
    speed: { type: 'string' },
    write: { type: 'boolean' },
  },
});

const durations = (values.durations?.split(',') ?? Object.keys(DURATIONS)).map((name): DurationName =>
  name in DURATIONS
    ? (name as DurationName)
    : fail(`no duration ${name}: choose from ${Object.keys(DURATIONS).join(', ')}`),
);
const cells = sampled(CELLS.filter((cell) => new RegExp(values.cells ?? '').test(nameOf(cell))));
if (cells.length === 0) {
  fail(`no cell matches ${values.cells ?? ''}`);
}

let failed = 0;
for (const duration of durations) {
  const { seconds, speed } = DURATIONS[duration];
  const measured = await play({
    cells,
    seconds,
    speed: values.speed === undefined ? speed : Number(values.speed),
    toolsDir: tools,
    line: print,
  });
  const results = measured.map((one): Result => ({ duration, measured: one }));
  results.forEach(judge);
  keep(results);
}
record('outages', { passed: cells.length * durations.length - failed, failed });
if (values.write === true || (values.cells ?? values.durations ?? values.sample) === undefined) {
  writeFileSync(join(root, 'docs', 'reliability.md'), report(kept()));
}
process.exit(failed > 0 ? 1 : 0);

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** So many cells that are not expected to fail, others with each commit. */
function sampled(all: readonly Cell[]): readonly Cell[] {
  if (values.sample === undefined) {
    return all;
  }
  const likely = all.filter(
    (cell) =>
      cell.callers <= MAX_CALLERS_OF_SAMPLE && durations.every((duration) => reasonOf(cell, duration) === undefined),
  );
  return inCommitOrder(likely, ({ id }) => id).slice(0, Number(values.sample));
}

function judge({ duration, measured }: Result): void {
  const found = findings(measured);
  const because = reasonOf(measured.cell, duration);
  const isAsExpected = found.length > 0 === (because !== undefined);
  failed += isAsExpected ? 0 : 1;
  const verdict =
    because === undefined
      ? found.join('; ') || 'kept'
      : found.length > 0
        ? `expected to fail: ${because} (${found.join('; ')})`
        : 'is expected to fail, and does not: delete its line in test/outages/expected-failures.ts';
  print(`${isAsExpected ? '✔' : '✖'} ${duration} ${nameOf(measured.cell)}: ${verdict}`);
}
