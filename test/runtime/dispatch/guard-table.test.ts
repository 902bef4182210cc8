import { isDeepStrictEqual } from 'node:util';
import {
  absentCases,
  type Case,
  claimCases,
  fileCases,
  groupingCases,
  keyCases,
  NOW,
  pauseCases,
  placeCases,
  timerCases,
} from './support/small-states';
import { expected, rules } from '../../../models/guards/expected.ts';
import { type Rule } from '../../../models/guards/rule.ts';
import { decide, type Write } from '../../../src/runtime/dispatch/index.js';

const byKind = (one: Write, other: Write) => one.kind.localeCompare(other.kind);
const sorted = (writes: readonly Write[]) => (writes.length < 2 ? writes : [...writes].sort(byKind));

const matched = new Set<Rule>();
let states = 0;

const generators: [string, () => Iterable<Case>][] = [
  ['a registered file and the evidence about it', fileCases],
  ['a registered file and its timers and operators', timerCases],
  ['a file that is unknown', absentCases],
  ['claims', claimCases],
  ['versions of an object', keyCases],
  ['places in a sequence', placeCases],
  ['pauses', pauseCases],
  ['changes of concurrency', groupingCases],
];

test.each(generators)(
  'decide() does what the guard table has, in every small state: %s',
  (_, cases) => {
    for (const { state, event } of cases()) {
      states += 1;
      const { outcome, writes } = decide(state, event, NOW);
      const table = expected(state, event, NOW);
      table.rules.forEach((rule) => matched.add(rule));
      if (
        outcome !== table.outcome ||
        table.rules.length > 1 ||
        !isDeepStrictEqual(sorted(writes), sorted(table.writes))
      ) {
        // Jest's own comparison only for the difference: for each state, it would take minutes
        expect({ state, event, outcome, writes: sorted(writes), rules: 1 }).toEqual({
          state,
          event,
          outcome: table.outcome,
          writes: sorted(table.writes),
          rules: Math.max(1, table.rules.length),
        });
        throw new Error('differs in a field that is undefined');
      }
    }
  },
  60_000,
);

test('every rule of the table was used', () => {
  const unused = rules.filter((rule) => !matched.has(rule));
  expect(unused.map(({ event, from, guards }) => [event, from, guards.map(({ text }) => text)])).toEqual([]);
  expect(states).toBeGreaterThan(500_000);
});
