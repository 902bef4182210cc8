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
