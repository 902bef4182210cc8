import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { SpotStrategy } from '../capacity';
import type { TaskCompletion } from './task-completion';

/** Options of `DispatchTarget.ecsTask()`. */
export interface EcsTaskTargetOptions {
  /** The cluster that runs the tasks. */
  readonly cluster: ecs.ICluster;

  /** The task definition. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /**
   * The container that processes the file; its environment holds the file's name.
   *
   * @default - the default container of the task definition
   */
  readonly container?: ecs.ContainerDefinition;

  /**
   * How the container reports that the file is done.
   *
   * @default TaskCompletion.byHandler()
   */
  readonly completion?: TaskCompletion;

  /**
   * The subnets of the tasks.
   *
   * @default - the VPC's private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * The security groups of the tasks.
   *
   * @default - a new group that allows all outbound and no inbound traffic
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Whether the tasks have public IP addresses, which they need in public subnets.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * The Fargate capacity of the tasks. A Spot interruption does not count as an attempt.
   *
   * @default SpotStrategy.onDemand()
   */
  readonly capacity?: SpotStrategy;

  /**
   * Whether a file is next launched on demand after ECS had no capacity for its task, or after a Spot interruption.
   * Needs `capacity` with Spot.
   *
   * @default false
   */
  readonly fallbackToOnDemand?: boolean;
}

/** The target that the files of a type start. */
export class DispatchTarget {
  /**
   * An ECS task on Fargate for each file.
   *
   * @param options the task and where it runs
   */
  static ecsTask(options: EcsTaskTargetOptions): DispatchTarget {
    return new DispatchTarget({ task: options });
  }

  /**
   * A message for each file, whose turn a worker of the queue takes with `fileTaskHandler` of fileworks-runtime. For
   * many small files that do not justify a task each.
   *
   * The state of such a worker is unknown to ECS: without a heartbeat for `hangTimeout`, it is considered dead, and the
   * file is sent again. So one-at-a-time processing depends on the fencing token `fence`. Grant the workers
   * `TypedDispatcher.grantTakeTurns`.
   *
   * @param queue a standard or FIFO queue, for this dispatcher only
   */
  static queue(queue: IQueue): DispatchTarget {
    return new DispatchTarget({ targetQueue: queue });
  }

  /**
   * An execution of a standard workflow for each file. The turn lasts as long as the execution: the file is done if it
   * succeeds, otherwise the attempt failed. Its input is `{"fileId", "type", "epoch", "fence", "correlationId",
   * "object": {"bucket", "key", ...}}`.
   *
   * The steps need nothing of Fileworks; grant their roles access to the files. An execution MUST NOT be redriven;
   * redrive its file.
   *
   * @param stateMachine a standard workflow; Step Functions does not report the result of express workflows
   */
  static stateMachine(stateMachine: IStateMachine): DispatchTarget {
    return new DispatchTarget({ targetStateMachine: stateMachine });
  }

  /** The options of the task, if files start one. */
  readonly task?: EcsTaskTargetOptions;

  /** The queue, if files are sent to one. */
  readonly targetQueue?: IQueue;

  /** The state machine, if files start an execution. */
  readonly targetStateMachine?: IStateMachine;

  private constructor(target: {
    task?: EcsTaskTargetOptions;
    targetQueue?: IQueue;
    targetStateMachine?: IStateMachine;
  }) {
    this.task = target.task;
    this.targetQueue = target.targetQueue;
    this.targetStateMachine = target.targetStateMachine;
  }
}
