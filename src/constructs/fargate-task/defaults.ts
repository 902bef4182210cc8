import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { FargateLimits } from '../../contract/service-limits';

/** What a task has where its user chose nothing, each with its reason. */
export const FargateTaskDefaults = {
  /** Half a vCPU: unpacking and uploading wait for the network more than they compute. */
  cpu: 512,
  /** The smallest memory that Fargate has for half a vCPU. */
  memoryLimitMiB: 1_024,
  /** All the time that Fargate gives: a program that stops drains its work or hands it back. */
  stopTimeout: Duration.seconds(FargateLimits.maxStopTimeoutSeconds),
  /** A month covers the incident and its review; more is a decision about cost. */
  logRetention: RetentionDays.ONE_MONTH,
  /** What the log driver holds back before it drops lines, in MiB: a few seconds of a talkative program. */
  logBufferMiB: 8,
  /** The writable directory of a container whose root is read-only; what temporary files use everywhere. */
  scratchPath: '/tmp',
} as const;

/** What the sidecars have where their user chose nothing, each with its reason. */
export const SidecarDefaults = {
  /** A fixed version, so that a task that starts next month runs what was tested. */
  collectorImage: 'public.ecr.aws/aws-observability/aws-otel-collector:v0.45.1',
  /**
   * A configuration that the image brings: traces by OTLP in, X-Ray out. Metrics go to CloudWatch without a collector.
   */
  collectorConfiguration: '--config=/etc/ecs/ecs-xray.yaml',
  /** What AWS reserves for its log router in examples; a reservation shares the task's memory and limits nothing. */
  memoryReservationMiB: 50,
} as const;
