import type { Duration } from 'aws-cdk-lib';
import type { IApplicationListener, ListenerCondition } from 'aws-cdk-lib/aws-elasticloadbalancingv2';

/** How requests reach a worker that also answers HTTP. */
export interface WorkerIngress {
  /** The listener of an Application Load Balancer in the cluster's VPC. It may be of another stack. */
  readonly listener: IApplicationListener;

  /**
   * The port that the container answers on, from 1 to 65535. Not that of `WorkerHealthCheck.livez()`, which answers
   * inside the task only.
   */
  readonly port: number;

  /** Which requests the tasks get; at least one condition. */
  readonly conditions: ListenerCondition[];

  /**
   * The place of the rule among those of the listener, from 1 to 50,000; the lowest that matches wins.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
   */
  readonly priority: number;

  /**
   * The path that the load balancer asks to see whether a task answers, with 200.
   *
   * @default '/'
   */
  readonly healthCheckPath?: string;

  /**
   * How long a task that stops may still answer what it was asked, from 0 seconds to 1 hour.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
   * @default Duration.seconds(30)
   */
  readonly deregistrationDelay?: Duration;
}
