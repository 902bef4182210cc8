import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { SpotStrategy } from '../capacity';

/** The ECS task that a file starts. */
export interface EcsTaskTargetOptions {
  /** The cluster that runs the tasks. */
  readonly cluster: ecs.ICluster;

  /** What the task consists of. Its container calls `runFileTask` of fileworks-runtime. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /**
   * The container that works on the file, which gets its name in the environment.
   *
   * @default - the default container of the task definition
   */
  readonly container?: ecs.ContainerDefinition;

  /**
   * The subnets of the tasks.
   *
   * @default - the VPC's private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * The security groups of the tasks.
   *
   * @default - a new one that lets everything out and nothing in
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Whether the tasks get public addresses, which they need in public subnets.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Which Fargate capacity runs the tasks. A task that Spot reclaims does not count as an attempt.
   *
   * @default SpotStrategy.onDemand()
   */
  readonly capacity?: SpotStrategy;
}

/** What the files of a type start. */
export class DispatchTarget {
  /**
   * An ECS task on Fargate for each file.
   *
   * @param options which task, and where
   */
  public static ecsTask(options: EcsTaskTargetOptions): DispatchTarget {
    return new DispatchTarget(options);
  }

  /** The options of the task. */
  public readonly task: EcsTaskTargetOptions;

  private constructor(task: EcsTaskTargetOptions) {
    this.task = task;
  }
}
