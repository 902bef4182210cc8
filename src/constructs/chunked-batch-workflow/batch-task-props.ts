import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';

/** A Fargate task for each batch. */
export interface BatchTaskProps extends FargateTaskProps {
  /**
   * The cluster that runs the tasks, and with it the VPC. An `ecs.Cluster` of the same app gets the FARGATE and
   * FARGATE_SPOT capacity providers if it
   * lacks them; an imported cluster must have them.
   */
  readonly cluster: ICluster;

  /**
   * Which Fargate capacity runs the tasks. What Spot reclaims is started again and goes on where it ended.
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
}
