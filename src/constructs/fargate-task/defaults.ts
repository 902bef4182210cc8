import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { FargateLimits } from '../../contract/service-limits';

/** Defaults of a task, each with its reason. */
export const FargateTaskDefaults = {
  /** Half a vCPU: extraction and upload wait for the network more than they compute. */
  cpu: 512,
  /** The minimum that Fargate offers with half a vCPU. */
  memoryLimitMiB: 1_024,
  /** The maximum of Fargate: a stopping program drains or releases its work. */
  stopTimeout: Duration.seconds(FargateLimits.maxStopTimeoutSeconds),
  /** A month covers the incident and its review; more is a decision about cost. */
  logRetention: RetentionDays.ONE_MONTH,
  /** The buffer of the log driver before it drops lines, in MiB: a few seconds of a verbose program. */
  logBufferMiB: 8,
  /** The writable directory of a container with a read-only root: the usual place for temporary files. */
  scratchPath: '/tmp',
} as const;

/** Defaults of the sidecars, each with its reason. */
export const SidecarDefaults = {
  /** Pinned, so that later tasks run the tested version. */
  collectorImage: 'public.ecr.aws/aws-observability/aws-otel-collector:v0.45.1',
  /**
   * A configuration that the image brings: traces by OTLP in, X-Ray out. Metrics go to CloudWatch without a collector.
   */
  collectorConfiguration: '--config=/etc/ecs/ecs-xray.yaml',
  /** The reservation in the examples of AWS for its log router; a reservation is no limit. */
  memoryReservationMiB: 50,
} as const;
