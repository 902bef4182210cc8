import type { ServiceAnswer, ServiceRequest } from '../emulator/emulator';
import { LocalCloudError } from '../errors';
import { parseExpression, type Lookup } from './metric-math';

type Points = readonly (readonly [timestamp: number, value: number])[];

interface Input {
  readonly series: Readonly<Record<string, Points>>;
  readonly expressions: readonly { readonly id: string; readonly expression: string }[];
}

/** The expressions of a GetMetricData call, at each time at which one of its metrics has a data point. */
export function answerExpressions({ input }: ServiceRequest): ServiceAnswer {
  const { series, expressions } = input as unknown as Input;
  try {
    return { status: 200, body: { series: evaluateAll(series, expressions) } };
  } catch (error) {
    if (error instanceof LocalCloudError) {
      return { status: 400, body: { message: error.message } };
    }
    throw error;
  }
}

function evaluateAll(series: Input['series'], expressions: Input['expressions']): Record<string, Points> {
  const metrics = new Map(Object.entries(series).map(([id, points]) => [id, new Map(points)]));
  const parsed = new Map(expressions.map(({ id, expression }) => [id, parseExpression(expression)]));
  const times = [...new Set(Object.values(series).flatMap((points) => points.map(([time]) => time)))].sort(
    (one, other) => one - other,
  );
  const valueAt =
    (time: number, around: readonly string[]): Lookup =>
    (id) =>
      metrics.get(id)?.get(time) ??
      // An expression that refers to itself, also through others, has no value.
      (around.includes(id) ? undefined : parsed.get(id)?.(valueAt(time, [...around, id])));
  return Object.fromEntries(
    expressions.map(({ id }) => [
      id,
      times.flatMap((time) => {
        const value = valueAt(time, [])(id);
        return value === undefined ? [] : [[time, value] as const];
      }),
    ]),
  );
}
