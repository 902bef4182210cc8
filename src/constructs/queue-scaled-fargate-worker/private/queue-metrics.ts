import { Duration } from 'aws-cdk-lib';
import { MathExpression, type IMetric, type MathExpressionOptions } from 'aws-cdk-lib/aws-cloudwatch';

/** A metric of each queue, by its name in expressions: the first without a number, additional ones numbered. */
export function ofQueues(name: string, metrics: readonly IMetric[]): Record<string, IMetric> {
  return Object.fromEntries(metrics.map((metric, index) => [nameOf(name, index), metric]));
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
