import type { Duration } from 'aws-cdk-lib';
import type { IApplicationListener, ListenerCondition } from 'aws-cdk-lib/aws-elasticloadbalancingv2';

/** Ingress of a worker that also serves HTTP. */
export interface WorkerIngress {
  /** The listener of an Application Load Balancer in the cluster's VPC. It may belong to another stack. */
  readonly listener: IApplicationListener;

  /**
   * The port on which the container serves requests, from 1 to 65535. It must differ from the port of
   * `WorkerHealthCheck.livez()`, which serves inside the task only.
   */
  readonly port: number;

  /** The conditions of requests that are routed to the tasks; at least one. */
  readonly conditions: ListenerCondition[];

  /**
   * The priority of the listener rule, from 1 to 50,000. Of the rules that match, the one with the lowest number
   * applies.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
   */
  readonly priority: number;

  /**
   * The path of the load balancer's health check. It must answer with status 200.
   *
   * @default '/'
   */
  readonly healthCheckPath?: string;

  /**
   * How long a stopping task may finish the requests that it received, from 0 seconds to 1 hour.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
   * @default Duration.seconds(30)
   */
  readonly deregistrationDelay?: Duration;
}
