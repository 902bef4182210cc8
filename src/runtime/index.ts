export {
  CallTimeout,
  ConfigurationError,
  DependencyUnavailable,
  FileworksError,
  HandlerTimeout,
  HandOffRefused,
  hasCode,
  JobAborted,
  LeaseLost,
  type LeaseLossCause,
  PoisonMessage,
  RetryLater,
  Shutdown,
} from './errors.js';
export { HealthServer, type HealthServerOptions, type HealthState } from './health/index.js';
export {
  type Backoff,
  type BodyKind,
  type DrainReport,
  EcsScaleInProtection,
  exponentialBackoff,
  type ExponentialBackoffOptions,
  type Job,
  type JobContext,
  type JobHandler,
  type JobResult,
  type MessageAttribute,
  type MessageAttributes,
  type PollerEvents,
  type PollerHealth,
  type PollerState,
  type PollerStats,
  QueuePoller,
  type QueuePollerOptions,
  type QueueOptions,
  type QueueTransport,
  type ScaleInProtection,
  SqsTransport,
  type StopOptions,
} from './queue/index.js';
export { type UnavailableDependency } from './support/pauses.js';
export { type Clock, systemClock, type Timer } from './support/clock.js';
export { type AroundJob, type JobInfo } from './support/job-info.js';
export { type Logger } from './support/logger.js';
export { aroundJobs } from './support/around-jobs.js';
export { type EventLoopWatch, type EventLoopWatchOptions, watchEventLoop } from './support/event-loop-watch.js';
export {
  createLogger,
  type CreateLoggerOptions,
  EmfMetrics,
  type EmfMetricsOptions,
  logContext,
  traceJobs,
} from './telemetry/index.js';
export { recordMetrics } from './jobs/worker-metrics.js';
export { runWorker, type RunWorkerOptions, WorkerExitCode } from './worker.js';
export { type JobMessage, type JobObject } from '../contract/job-message.js';
export { type ObjectTask, type ObjectTaskHandler, readObjectTask, runObjectTask } from './jobs/run-object-task.js';
export { runScheduledJob, type ScheduledJobHandler, type ScheduledJobRun } from './jobs/run-scheduled-job.js';
export { type ObjectTaskContext, ObjectTaskExitCode, type RunObjectTaskOptions } from './jobs/task-program.js';
export { wakeWorker } from './jobs/wake-worker.js';
