import { statistic } from '../../src/scaling/statistics';
import type { Datum } from '../../src/types';

const value = (number: number, count = 1): Datum => ({ count, sum: number * count, min: number, max: number });
const TEN = Array.from({ length: 10 }, (_, index) => value(index + 1));

test.each([
  ['Average', 5.5],
  ['Sum', 55],
  ['Minimum', 1],
  ['Maximum', 10],
  ['SampleCount', 10],
  ['p50', 5.5],
  ['p90', 9.1],
  ['p99.9', 9.991],
  ['p100', 10],
  ['tm90', 5],
  ['TM(10%:90%)', 5.5],
  ['TM(2:4)', 3.5],
  ['TM(:3)', 2],
  ['IQM', 5.5],
  ['tc90', 9],
  ['ts90', 45],
  ['PR(:3)', 30],
  ['PR(8:)', 20],
  ['WM(3:5)', 4.3],
])('%s of one to ten is %d', (name, expected) => {
  expect(statistic(name)!(TEN)).toBeCloseTo(expected);
});

test('a value counts as often as it came', () => {
  const data = [value(1, 9), value(11)];
  expect(['Average', 'p50', 'p100', 'SampleCount'].map((name) => statistic(name)!(data))).toEqual([2, 1, 11, 10]);
});

test('a set of values has its statistics, but no percentile', () => {
  const data = [{ count: 4, sum: 10, min: 1, max: 4 }];
  expect(['Average', 'Maximum', 'p50', 'tm90'].map((name) => statistic(name)!(data))).toEqual([
    2.5,
    4,
    undefined,
    undefined,
  ]);
});

test.each(['average', 'p', 'p-1', 'TM(10%90%)', 'TM', 'toString', 'xx99', ''])('there is no statistic %j', (name) => {
  expect(statistic(name)).toBeUndefined();
});
