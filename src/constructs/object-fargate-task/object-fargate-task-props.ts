import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';

/** Properties of `ObjectFargateTask`. */
export interface ObjectFargateTaskProps extends FargateTaskProps {
  /**
   * The cluster that runs the tasks, and with it the VPC. An `ecs.Cluster` of the same app gets the FARGATE and
   * FARGATE_SPOT capacity providers if it
   * lacks them; an imported cluster must have them.
   */
  readonly cluster: ICluster;

  /**
   * Which Fargate capacity runs the tasks. What Spot reclaims is started again.
   *
   * @default SpotStrategy.spotOnly()
   */
  readonly capacity?: SpotStrategy;

  /**
   * The subnets of the tasks.
   *
   * @default - the private subnets of the cluster's VPC that have a way out
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the tasks.
   *
   * @default - a new group that lets everything out and nothing in
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Whether the tasks get a public address; needed in public subnets, and only there.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * How often a task that failed, did not start or was reclaimed by Spot is started again before its object goes to the
   * dead-letter queue, from 0 to 10.
   *
   * That ECS takes no task, because it is throttled or has no capacity, does not count: it is asked again for about
   * half a day.
   *
   * @default 2
   */
  readonly retries?: number;

  /**
   * The longest that the work on one object may take, its retries and waits for capacity included, from 1 minute to 7
   * days. A task that runs then is
   * stopped, and the object goes to the dead-letter queue.
   *
   * It costs four state transitions more for each object, $10 for 100,000 in us-east-1.
   *
   * @default - no limit; a task that hangs runs, and is paid, until somebody stops it
   * @see https://aws.amazon.com/step-functions/pricing/
   */
  readonly maxDuration?: Duration;

  /**
   * What the dead-letter alarm does when it rings, such as sending to an SNS topic.
   *
   * @default - the alarm rings without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
