import { Duration } from 'aws-cdk-lib';
import { MathExpression, type IMetric, type MathExpressionOptions } from 'aws-cdk-lib/aws-cloudwatch';

/** A metric of each queue, by its name in expressions: the first without a number, additional ones numbered. */
export function ofQueues(name: string, metrics: readonly IMetric[]): Record<string, IMetric> {
  return Object.fromEntries(metrics.map((metric, index) => [nameOf(name, index), metric]));
}

/**
 * The sum of a metric over the queues.
 *
 * A queue that was idle for hours sends no metrics. Among several queues, it counts as empty; a single one stays
 * unknown.
 */
export function sumOf(name: string, queues: number): string {
  return queues === 1
    ? name
    : Array.from({ length: queues }, (_, index) => `FILL(${nameOf(name, index)}, 0)`).join(' + ');
}

/** An expression over metrics of each minute. */
export function expressionOf(
  expression: string,
  label: string,
  usingMetrics: Record<string, IMetric>,
  props: MathExpressionOptions,
): MathExpression {
  return new MathExpression({ expression, label, period: Duration.minutes(1), ...props, usingMetrics });
}

function nameOf(name: string, index: number): string {
  return index === 0 ? name : `${name}${index + 1}`;
}
