import { answerExpressions } from '../../src/scaling/expressions';

const answer = (series: Record<string, [number, number][]>, ...expressions: [id: string, expression: string][]) =>
  answerExpressions({
    service: 'monitoring',
    action: 'EvaluateExpressions',
    account: '1',
    region: 'r',
    input: { series, expressions: expressions.map(([id, expression]) => ({ id, expression })) },
  });

test('an expression has a value where its operands have one, and may use other expressions', () => {
  const series = { a: [[60, 1] as [number, number], [120, 2] as [number, number]], b: [[120, 5] as [number, number]] };
  expect(answer(series, ['sum', 'a + b'], ['filled', 'a + FILL(b, 10)'], ['twice', 'sum * 2'])).toEqual({
    status: 200,
    body: {
      series: {
        sum: [[120, 7]],
        filled: [
          [60, 11],
          [120, 7],
        ],
        twice: [[120, 14]],
      },
    },
  });
});

test('expressions that refer to one another have no value', () => {
  expect(answer({ a: [[60, 1]] }, ['x', 'y + a'], ['y', 'x + a'])).toEqual({
    status: 200,
    body: { series: { x: [], y: [] } },
  });
});

test('an expression that is not supported is refused with its text', () => {
  expect(answer({}, ['x', 'SEARCH(a)'])).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('`SEARCH()` in the metric expression `SEARCH(a)`') as unknown },
  });
});
