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

/** A stage of a pipeline on its dashboard: metrics and alarms of one construct. */
export class PipelineStage {
  /**
   * Files arrive: matched events of routes, undelivered events.
   *
   * @param inbox the bucket
   * @param routes the routes of the bucket that belong to the pipeline
   */
  static ingest(inbox: FileIngestBucket, routes: IngestRoute[] = []): PipelineStage {
    return new PipelineStage(stages.ingest(inbox, routes));
  }

  /**
   * Files become jobs of their type: queued files, blocked files.
   *
   * @param dispatcher the dispatcher
   */
  static dispatcher(dispatcher: TypedDispatcher): PipelineStage {
    return new PipelineStage(stages.dispatcher(dispatcher));
  }

  /**
   * Jobs are queued and processed: backlog, age, successes and failures, durations, utilization of the tasks.
   *
   * @param worker the worker service
   */
  static worker(worker: QueueScaledFargateWorker): PipelineStage {
    return new PipelineStage(stages.worker(worker));
  }

  /**
   * Export jobs are dispatched, and their files downloaded and stored: durations of API requests, downloads, extraction
   * and uploads. Add the stages of its two worker services, `orchestrator` and `downloader`, after it.
   *
   * @param exporter the export orchestrator
   */
  static exports(exporter: ExportOrchestrator): PipelineStage {
    return new PipelineStage(stages.exporter(exporter));
  }

  /**
   * A task for each object: runs, failures, durations.
   *
   * @param task the construct that runs the tasks
   */
  static objectTask(task: ObjectFargateTask): PipelineStage {
    return new PipelineStage(stages.objectTask(task));
  }

  /**
   * All files below a prefix, in batches: runs, processed and failed files, durations.
   *
   * @param workflow the workflow
   */
  static batch(workflow: ChunkedBatchWorkflow): PipelineStage {
    return new PipelineStage(stages.batch(workflow));
  }

  /**
   * A scheduled job: runs and failures if it is supervised, runs that could not be started.
   *
   * @param job the job
   */
  static job(job: ScheduledFargateJob): PipelineStage {
    return new PipelineStage(stages.job(job));
  }

  /**
   * Failures raise alerts: undelivered alerts.
   *
   * @param alerts the alerts
   */
  static alerts(alerts: TaskLifecycleAlerts): PipelineStage {
    return new PipelineStage(stages.alerts(alerts));
  }

  /**
   * A part of the pipeline that is not a construct of this package, such as a database.
   *
   * @param title name of the stage
   * @param options its content
   */
  static custom(title: string, options: CustomStageOptions): PipelineStage {
    return new PipelineStage({
      title,
      text: options.text ?? '',
      graphs: options.graphs ?? [],
      alarms: options.alarms ?? [],
    });
  }

  /** The content of the stage. */
  readonly config: PipelineStageConfig;

  private constructor(config: PipelineStageConfig) {
    this.config = config;
  }
}
