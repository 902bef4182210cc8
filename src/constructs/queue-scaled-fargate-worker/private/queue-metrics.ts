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

/**
 * The greatest of metrics that have data points only while something lasts. Without data points, CloudWatch evaluates
 * older ones instead, and an alarm stays in ALARM for as long as its evaluation range: a missing one is 0.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function maximumOf(name: string, label: string, metrics: readonly IMetric[]): MathExpression {
  const named = ofQueues(name, metrics);
  const filled = Object.keys(named).map((id) => `FILL(${id}, 0)`);
  const expression = filled.length === 1 ? filled[0] : `MAX([${filled.join(', ')}])`;
  return expressionOf(expression, label, named, {});
}

function nameOf(name: string, index: number): string {
  return index === 0 ? name : `${name}${index + 1}`;
}
