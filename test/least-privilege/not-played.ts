/** Actions that AWS makes and that nothing in the local cloud does, each with its purpose. */
export const NOT_PLAYED: Readonly<Partial<Record<string, readonly string[]>>> = {
  // https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
  'xray:PutTraceSegments': ['sends traces'],
  'xray:PutTelemetryRecords': ['sends traces'],
  'xray:GetSamplingRules': ['sends traces'],
  'xray:GetSamplingTargets': ['sends traces'],
  // https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
  'states:StopExecution': ['stops the executions of a Distributed Map that has failed'],
};
