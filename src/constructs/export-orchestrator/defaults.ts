import { Duration } from 'aws-cdk-lib';
import { EventBridgeLimits } from '../../contract/service-limits';

/** What `ExportOrchestrator` chooses where its user did not, each with its reason. */
export const ExportDefaults = {
  /** It waits for the API and for DynamoDB, and holds a page at a time. */
  orchestratorCpu: 512,
  /** The smallest memory that Fargate has for half a vCPU: there is no half a vCPU with 512 MiB. */
  orchestratorMemoryMiB: 1_024,
  /** One may be replaced, or lose its zone, while the other answers. */
  orchestratorMinTasks: 2,
  /** The API's rate limit, which all share, is what holds them up and not their number. */
  orchestratorMaxTasks: 4,
  /** Jobs wait for the network for most of their time, and a page of a job is small. */
  orchestratorConcurrency: 10,
  /** Inflating and checksums are what CPU is for here. */
  workerCpu: 2_048,
  /** The smallest memory that Fargate has for two vCPUs. */
  workerMemoryMiB: 4_096,
  /** Nothing is paid for while nothing is exported. */
  workerMinTasks: 0,
  /** Enough to see a large job spread out, few enough that a first mistake stays cheap. */
  workerMaxTasks: 20,
  /** Two files for each vCPU: one waits for the network while the other is inflated. */
  workerConcurrency: 4,
  /** Leaves a third of the CPU for what comes while new tasks start. */
  workerCpuTargetPercent: 70,
  /** The longest that SQS has: an outage of the API may last for days, and jobs are to outlast it. */
  retentionPeriod: Duration.days(14),
  /** Shares of the tasks' time while all queues have jobs: urgent ones mostly, and none starves. */
  highWeight: 10,
  normalWeight: 3,
  lowWeight: 1,
  /** An API that restarts is back by then; one that is not needs a person. */
  alarmApiUnavailableFor: Duration.minutes(15),
  /** Uploads that nobody finished cost as much as objects. */
  abortIncompleteUploadAfter: Duration.days(1),
  /** The longest that EventBridge tries: a completed job is told of once. */
  postProcessingMaxEventAge: Duration.seconds(EventBridgeLimits.maxEventAgeSeconds),
} as const;
