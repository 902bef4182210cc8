import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdown, promela, transitions } from '../../../models/guards/render.ts';

const root = join(__dirname, '..', '..', '..');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

interface Move {
  readonly event: string;
  readonly from: string;
  readonly to: string;
  /** What the model has between the last option and the change. */
  readonly guard: string;
}

/** The lines MOVE(file, event, from, to) of the model. */
function moves(): Move[] {
  const source = read('models', 'dispatch.pml').replace(/\/\*[\s\S]*?\*\//g, '');
  return [...source.matchAll(/MOVE\((?:[^,()]|\[[^\]]*\])+, (\w+), ([A-Z]+), ([A-Z]+)\)/g)].map(
    ({ 1: event, 2: from, 3: to, index }) => ({
      event,
      from,
      to,
      guard: source.slice(source.lastIndexOf('::', index), index),
    }),
  );
}

test('the model changes a status exactly where the guard table does', () => {
  const inModel = new Set(moves().map(({ event, from, to }) => `${event}: ${from} -> ${to}`.toLowerCase()));
  expect([...inModel].sort()).toEqual(transitions.map((text) => text.toLowerCase()).sort());
});

test('each change in the model is behind the guard of the table', () => {
  // Effects of an arrival or a removal on another file
  const effects = new Set(['supersede', 'remove']);
  const unguarded = moves().filter(
    ({ event, from, to, guard }) => !effects.has(event) && !guard.includes(`${event}_${from}_${to}(`),
  );
  expect(unguarded).toEqual([]);
});

test.each([
  ['the guards of the model', ['models', 'guards.pml'], promela],
  ['the pages for readers', ['docs', 'constructs', 'typed-dispatcher-guards.md'], markdown],
])('%s are made from the table: `npm run model -- --guards`', (_, path, make) => {
  expect(read(...path)).toBe(make());
});
