import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { SpotStrategy } from '../capacity';
import type { TaskCompletion } from './task-completion';

/** The ECS task that a file starts. */
export interface EcsTaskTargetOptions {
  /** The cluster that runs the tasks. */
  readonly cluster: ecs.ICluster;

  /** What the task consists of. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /**
   * The container that works on the file, which gets its name in the environment.
   *
   * @default - the default container of the task definition
   */
  readonly container?: ecs.ContainerDefinition;

  /**
   * How the container says that the file is done.
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

  /**
   * Whether a file is launched on demand at its next try when ECS had no capacity for its task, or Spot reclaimed it.
   * Needs `capacity` with
   * Spot.
   *
   * @default false
   */
  readonly fallbackToOnDemand?: boolean;
}

/** What the files of a type start. */
export class DispatchTarget {
  /**
   * An ECS task on Fargate for each file.
   *
   * @param options which task, and where
   */
  static ecsTask(options: EcsTaskTargetOptions): DispatchTarget {
    return new DispatchTarget({ task: options });
  }

  /**
   * A message for each file, whose turn a worker of the queue takes by `fileTaskHandler` of fileworks-runtime. For many
   * small files, which
   * are not worth a task each.
   *
   * Nobody can say whether such a worker lives: one that is silent for `hangTimeout` is taken for dead, and the file is
   * sent again. So that one
   * at a time rests on `fence`. Give the workers `TypedDispatcher.grantTakeTurns`.
   *
   * @param queue standard or FIFO; nobody else may send to it
   */
  static queue(queue: IQueue): DispatchTarget {
    return new DispatchTarget({ targetQueue: queue });
  }

  /**
   * An execution of a standard workflow for each file, whose turn is the execution: it is done when that succeeds, and
   * the attempt failed
   * when it does not. Its input is `{"fileId", "type", "epoch", "fence", "correlationId", "object": {"bucket", "key",
   * ...}}`.
   *
   * Steps need no part of Fileworks, and their roles what they read. An execution MUST NOT be redriven; redrive its
   * file.
   *
   * @param stateMachine no express workflow, of which Step Functions does not tell how it ended
   */
  static stateMachine(stateMachine: IStateMachine): DispatchTarget {
    return new DispatchTarget({ targetStateMachine: stateMachine });
  }

  /** The task, where files start one. */
  readonly task?: EcsTaskTargetOptions;

  /** The queue, where files are sent to one. */
  readonly targetQueue?: IQueue;

  /** The state machine, where files start an execution. */
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
