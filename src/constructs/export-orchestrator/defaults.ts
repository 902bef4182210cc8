import { Duration } from 'aws-cdk-lib';
import { EventBridgeLimits } from '../../contract/service-limits';

/** Defaults of `ExportOrchestrator`, each with its reason. */
export const ExportDefaults = {
  /** The orchestrator mostly waits for the API and DynamoDB, and holds one page at a time. */
  orchestratorCpu: 512,
  /** The minimum that Fargate offers with half a vCPU. */
  orchestratorMemoryMiB: 1_024,
  /** Two tasks, so that one can be replaced, or lose its Availability Zone, while the other works. */
  orchestratorMinTasks: 2,
  /** The shared rate limit of the API is the bottleneck, not the task count. */
  orchestratorMaxTasks: 4,
  /** Jobs mostly wait for the network, and a page is small. */
  orchestratorConcurrency: 10,
  /** Decompression and checksums need CPU. */
  downloaderCpu: 2_048,
  /** The minimum that Fargate offers with two vCPUs. */
  downloaderMemoryMiB: 4_096,
  /** An idle service costs nothing. */
  downloaderMinTasks: 0,
  /** Enough to spread a large job, few enough to keep a first mistake cheap. */
  downloaderMaxTasks: 20,
  /** Two files for each vCPU: one waits for the network while the other is decompressed. */
  downloaderConcurrency: 4,
  /** Leaves about a third of the CPU for load that arrives while new tasks start. */
  downloaderCpuTargetPercent: 70,
  /** The maximum of SQS: an API can be unavailable for days, and jobs must outlast it. */
  retentionPeriod: Duration.days(14),
  /** Shares of the tasks' time while all queues have jobs: mostly urgent ones, and none starves. */
  highWeight: 10,
  normalWeight: 3,
  lowWeight: 1,
  /** Unfinished uploads cost as much as objects. */
  abortIncompleteUploadAfter: Duration.days(1),
  /** The maximum of EventBridge: the event of a completed job is sent once. */
  postProcessingMaxEventAge: Duration.seconds(EventBridgeLimits.maxEventAgeSeconds),
} as const;
