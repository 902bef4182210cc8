import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import * as processors from './private/processors';

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

/** What works on a batch: it is given a pointer to an object of S3 that names the files. */
export class BatchProcessor {
  /**
   * A Fargate task of its own for each batch; the image runs `runBatch` of fileworks-runtime.
   *
   * @param props what the task consists of
   */
  static fargateTask(props: BatchTaskProps): BatchProcessor {
    return new BatchProcessor(processors.fargateTask(props));
  }

  /**
   * A Lambda function, called for each batch; it exports `batchFunction` of fileworks-runtime. What it does not finish
   * in 15 minutes, the next call does, as
   * often as `retries` allows.
   *
   * @param handler the function
   */
  static lambdaFunction(handler: IFunction): BatchProcessor {
    return new BatchProcessor(processors.lambdaFunction(handler));
  }

  /**
   * A worker with a queue, which gets a job for each batch; it runs `batchJobHandler` of fileworks-runtime. For workers
   * that do other jobs too, or that should
   * stay warm between batches.
   *
   * @param worker of the same stack, whose queue is no FIFO queue
   */
  static worker(worker: QueueScaledFargateWorker): BatchProcessor {
    return new BatchProcessor(processors.worker(worker));
  }

  /** @internal */
  readonly _bind: processors.BindProcessor;

  private constructor(bind: processors.BindProcessor) {
    this._bind = bind;
  }
}
