import { evaluate, evaluationRange, type AlarmRule } from '../../src/scaling/alarm-state';

const RULE: AlarmRule = {
  threshold: 10,
  comparison: 'GreaterThanThreshold',
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  missingData: 'missing',
};
const POINTS: Record<string, number | undefined> = { '0': 1, X: 11, '-': undefined };

/** As in the tables of the page: 0 is fine, X breaches, - is missing; the newest is right. */
function points(text: string): (number | undefined)[] {
  return text.split(' ').map((symbol) => POINTS[symbol]);
}

// See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, first table; the
// current
// state is given by `was`
describe.each([
  ['0 - X - X', { missing: 'OK', ignore: 'OK', breaching: 'OK', notBreaching: 'OK' }],
  ['0 - - - -', { missing: 'OK', ignore: 'OK', breaching: 'OK', notBreaching: 'OK' }],
  ['- - - - -', { missing: 'INSUFFICIENT_DATA', ignore: 'was', breaching: 'ALARM', notBreaching: 'OK' }],
  ['0 X X - X', { missing: 'ALARM', ignore: 'ALARM', breaching: 'ALARM', notBreaching: 'ALARM' }],
  ['- - X - -', { missing: 'ALARM', ignore: 'was', breaching: 'ALARM', notBreaching: 'OK' }],
] as const)('3 out of 3 with %s', (text, expected) => {
  test.each(['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const)('from %s', (was) => {
    for (const [missingData, state] of Object.entries(expected)) {
      expect([
        missingData,
        evaluate({ ...RULE, missingData: missingData as AlarmRule['missingData'] }, points(text), was),
      ]).toEqual([missingData, state === 'was' ? was : state]);
    }
  });
});

// The second table.
describe.each([
  ['0 - X - X', { missing: 'ALARM', ignore: 'ALARM', breaching: 'ALARM', notBreaching: 'ALARM' }],
  ['0 0 X 0 X', { missing: 'ALARM', ignore: 'ALARM', breaching: 'ALARM', notBreaching: 'ALARM' }],
  ['0 - X - -', { missing: 'OK', ignore: 'OK', breaching: 'ALARM', notBreaching: 'OK' }],
  ['- - - - 0', { missing: 'OK', ignore: 'OK', breaching: 'ALARM', notBreaching: 'OK' }],
  ['- - - X -', { missing: 'ALARM', ignore: 'was', breaching: 'ALARM', notBreaching: 'OK' }],
] as const)('2 out of 3 with %s', (text, expected) => {
  test('each treatment of missing data', () => {
    for (const [missingData, state] of Object.entries(expected)) {
      const rule = { ...RULE, datapointsToAlarm: 2, missingData: missingData as AlarmRule['missingData'] };
      expect([missingData, evaluate(rule, points(text), 'OK')]).toEqual([missingData, state === 'was' ? 'OK' : state]);
    }
  });
});

test('a recent breaching point alone does not put an alarm in ALARM whose other points are missing', () => {
  expect(evaluate(RULE, points('- - - - X'), 'OK')).toBe('OK');
  expect(evaluate(RULE, points('- - - - X'), 'INSUFFICIENT_DATA')).toBe('INSUFFICIENT_DATA');
});

test.each([
  ['GreaterThanThreshold', 10, false],
  ['GreaterThanThreshold', 10.1, true],
  ['GreaterThanOrEqualToThreshold', 10, true],
  ['GreaterThanOrEqualToThreshold', 9.9, false],
  ['LessThanThreshold', 10, false],
  ['LessThanThreshold', 9.9, true],
  ['LessThanOrEqualToThreshold', 10, true],
  ['LessThanOrEqualToThreshold', 10.1, false],
])('%s with %d against 10', (comparison, value, breaches) => {
  expect(evaluate({ ...RULE, comparison, evaluationPeriods: 1, datapointsToAlarm: 1 }, [value], 'OK')).toBe(
    breaches ? 'ALARM' : 'OK',
  );
});

test('looks back two periods further than it evaluates', () => {
  expect(evaluationRange(RULE)).toBe(5);
});
