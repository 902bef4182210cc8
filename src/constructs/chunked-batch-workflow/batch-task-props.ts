import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';

/** Properties of `BatchProcessor.fargateTask()`. */
export interface BatchTaskProps extends FargateTaskProps {
  /**
   * The cluster, and with it the VPC, of the tasks. The construct adds the FARGATE and FARGATE_SPOT capacity providers
   * to an `ecs.Cluster` of the same app if they are missing; an imported cluster must have them.
   */
  readonly cluster: ICluster;

  /**
   * The Fargate capacity of the tasks. After a Spot interruption, a batch is started again and continues where it
   * ended.
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
}
