import fc from 'fast-check';
import { parseExpression } from '../../src/scaling/metric-math';

const DATA: Record<string, number> = { visible: 4, inFlight: 2, zero: 0, m1: 3.5 };

function value(expression: string): number | undefined {
  return parseExpression(expression)((id) => DATA[id]);
}

test.each([
  ['visible + inFlight', 6],
  ['visible - inFlight * 2', 0],
  ['(visible - inFlight) * 2', 4],
  ['visible / inFlight / 2', 1],
  ['m1 > 3 && visible >= 4', 1],
  ['m1 > 3 AND zero == 1 OR inFlight != 2', 0],
  ['CEIL(m1) + FLOOR(m1) + ABS(-1)', 8],
  ['SUM([visible, inFlight, missing])', 6],
  ['MAX([visible, inFlight]) - MIN([visible, inFlight])', 2],
  ['AVG([visible, inFlight])', 3],
  ['FILL(missing, 7) + FILL(visible, 0)', 11],
  ['IF(visible > 3, 1e2, 0)', 100],
  ['IF(zero, 1, inFlight)', 2],
])('%s is %d', (expression, expected) => {
  expect(value(expression)).toBe(expected);
});

test.each(['missing + 1', 'visible / zero', 'IF(missing, 1, 2)', '[visible, inFlight]', 'SUM([missing])'])(
  '%s has no data point',
  (expression) => {
    expect(value(expression)).toBeUndefined();
  },
);

test.each([
  ['visible +', ''],
  ['visible inFlight', 'inFlight'],
  ['ANOMALY_DETECTION_BAND(visible, 2)', 'ANOMALY_DETECTION_BAND()'],
  ["SEARCH('x')", "'x'"],
  ['(visible', 'its end'],
  ['visible $ 1', '$ 1'],
])('throws for %s', (expression, at) => {
  expect(() => parseExpression(expression)).toThrow(`does not support \`${at}`);
});

test('agrees with JavaScript on arithmetic of integers', () => {
  const term: fc.Arbitrary<string> = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.nat(99).map(String),
      fc
        .tuple(tie('node'), fc.constantFrom('+', '-', '*'), tie('node'))
        .map(([a, o, b]) => `(${String(a)} ${o} ${String(b)})`),
    ),
  })).node;
  fc.assert(
    fc.property(term, (source) => {
      // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- the oracle; the source is ours
      expect(value(source)).toBe(new Function(`return ${source}`)());
    }),
  );
});
