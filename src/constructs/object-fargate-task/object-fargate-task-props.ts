import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';

/** Properties of `ObjectFargateTask`. */
export interface ObjectFargateTaskProps extends FargateTaskProps {
  /**
   * The cluster, and with it the VPC, of the tasks. The construct adds the FARGATE and FARGATE_SPOT capacity providers
   * to an `ecs.Cluster` of the same app if they are missing; an imported cluster must have them.
   */
  readonly cluster: ICluster;

  /**
   * The Fargate capacity of the tasks. A task is started again after a Spot interruption.
   *
   * @default SpotStrategy.spotOnly()
   */
  readonly capacity?: SpotStrategy;

  /**
   * The subnets of the tasks.
   *
   * @default - the private subnets with egress of the cluster's VPC
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the tasks.
   *
   * @default - a new group that allows all outbound and no inbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Whether the tasks have public IP addresses, which they need in public subnets only.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * How many times a task is retried after a failure, a failed start or a Spot interruption, before the event goes to
   * the dead-letter queue, from 0 to 10.
   *
   * Launches that ECS refuses, and tasks for which a dependency is unavailable, do not count: see `maxDependencyWait`.
   *
   * @default 2
   */
  readonly retries?: number;

  /**
   * How long an object waits for a dependency or ECS to become available again, from 1 minute to 7 days, without using
   * up a retry. After that, the event goes to the dead-letter queue.
   *
   * A dependency is unavailable when the task exits with `ObjectTaskExitCode.unavailable`, as `runObjectTask` of
   * fileworks-runtime does, or cannot read its secrets; ECS, when it denies or throttles a launch or has no capacity.
   *
   * The history of an execution limits the time.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
   * @default Duration.days(7)
   */
  readonly maxDependencyWait?: Duration;

  /**
   * Maximum duration for one object, including retries, from 1 minute to 7 days, without the waits for a dependency.
   * After that, the task is stopped, and the event goes to the dead-letter queue.
   *
   * It costs four additional state transitions for each object, $10 for 100,000 in us-east-1.
   *
   * @default - no limit; a hanging task runs, and costs money, until an operator stops it
   * @see https://aws.amazon.com/step-functions/pricing/
   */
  readonly maxDuration?: Duration;

  /**
   * The removal policy of the dead-letter queue. A retained queue keeps its messages when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
