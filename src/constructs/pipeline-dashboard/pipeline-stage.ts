import type { ChunkedBatchWorkflow } from '../chunked-batch-workflow';
import type { ExportOrchestrator } from '../export-orchestrator';
import type { FileIngestBucket, IngestRoute } from '../file-ingest-bucket';
import type { ObjectFargateTask } from '../object-fargate-task';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import type { ScheduledFargateJob } from '../scheduled-fargate-job';
import type { TaskLifecycleAlerts } from '../task-lifecycle-alerts';
import type { TypedDispatcher } from '../typed-dispatcher';
import type { CustomStageOptions, PipelineStageConfig } from './pipeline-stage-config';
import * as stages from './private/stages';

/** A part of a pipeline on its page: metrics and alarms of one construct. */
export class PipelineStage {
  /**
   * Files arrive: what routes let through, what could not be delivered.
   *
   * @param inbox the bucket
   * @param routes those of its routes that belong to the pipeline
   */
  static ingest(inbox: FileIngestBucket, routes: IngestRoute[] = []): PipelineStage {
    return new PipelineStage(stages.ingest(inbox, routes));
  }

  /**
   * Files become jobs of their type: what waits, what is blocked.
   *
   * @param dispatcher the dispatcher
   */
  static dispatcher(dispatcher: TypedDispatcher): PipelineStage {
    return new PipelineStage(stages.dispatcher(dispatcher));
  }

  /**
   * Jobs wait and are worked on: backlog, age, what succeeds and fails, how long it takes, how busy the tasks are.
   *
   * @param worker the worker
   */
  static worker(worker: QueueScaledFargateWorker): PipelineStage {
    return new PipelineStage(stages.worker(worker));
  }

  /**
   * Export jobs are dispatched, and their files downloaded and stored: what the API, downloads, archives and uploads
   * take. Put the stages of its two workers,
   * `orchestrator` and `worker`, below.
   *
   * @param exporter the export service
   */
  static exports(exporter: ExportOrchestrator): PipelineStage {
    return new PipelineStage(stages.exporter(exporter));
  }

  /**
   * Each object gets a task: runs, failures, durations.
   *
   * @param task the construct that runs them
   */
  static objectTask(task: ObjectFargateTask): PipelineStage {
    return new PipelineStage(stages.objectTask(task));
  }

  /**
   * All files below a prefix, in batches: runs, files that were processed and that failed, durations.
   *
   * @param workflow what runs them
   */
  static batch(workflow: ChunkedBatchWorkflow): PipelineStage {
    return new PipelineStage(stages.batch(workflow));
  }

  /**
   * Work by the clock: runs and failures when it is supervised, what could not be started otherwise.
   *
   * @param job the job
   */
  static job(job: ScheduledFargateJob): PipelineStage {
    return new PipelineStage(stages.job(job));
  }

  /**
   * Trouble is told: alerts that could not be sent.
   *
   * @param alerts the alerts
   */
  static alerts(alerts: TaskLifecycleAlerts): PipelineStage {
    return new PipelineStage(stages.alerts(alerts));
  }

  /**
   * A part of the pipeline that is none of our constructs, such as a database.
   *
   * @param title name of the stage
   * @param options what it shows
   */
  static custom(title: string, options: CustomStageOptions): PipelineStage {
    return new PipelineStage({
      title,
      text: options.text ?? '',
      graphs: options.graphs ?? [],
      alarms: options.alarms ?? [],
    });
  }

  /** What the stage shows. */
  readonly config: PipelineStageConfig;

  private constructor(config: PipelineStageConfig) {
    this.config = config;
  }
}
