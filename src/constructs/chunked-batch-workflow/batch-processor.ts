import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import type { BatchTaskProps } from './batch-task-props';
import * as processors from './private/processors';

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
