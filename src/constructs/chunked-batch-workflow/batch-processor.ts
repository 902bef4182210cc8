import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import type { BatchTaskProps } from './batch-task-props';
import * as processors from './private/processors';

/** The processor of batches. It receives a reference to an S3 object that lists the files. */
export class BatchProcessor {
  /**
   * A Fargate task for each batch; the image runs `runBatch` of fileworks-runtime.
   *
   * @param props the properties of the task
   */
  static fargateTask(props: BatchTaskProps): BatchProcessor {
    return new BatchProcessor(processors.fargateTask(props));
  }

  /**
   * A Lambda function, invoked for each batch; it exports `batchFunction` of fileworks-runtime. If it does not finish
   * within 15 minutes, the next invocation continues, as many times as `retries` allows.
   *
   * @param handler the function
   */
  static lambdaFunction(handler: IFunction): BatchProcessor {
    return new BatchProcessor(processors.lambdaFunction(handler));
  }

  /**
   * A worker service, whose queue receives a job for each batch; it runs `batchJobHandler` of fileworks-runtime. For
   * workers that also process other jobs, or that should stay warm between batches.
   *
   * @param worker the worker service, in the same stack and without a FIFO queue
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
