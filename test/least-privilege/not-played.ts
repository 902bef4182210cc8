/** Actions that AWS makes and that nothing in the local cloud does, each with its purpose. */
export const NOT_PLAYED: Readonly<Partial<Record<string, string>>> = {
  // https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
  'xray:PutTraceSegments': 'sends traces',
  'xray:PutTelemetryRecords': 'sends traces',
  'xray:GetSamplingRules': 'sends traces',
  'xray:GetSamplingTargets': 'sends traces',
};

/** What aws-cdk-lib grants along with an action that a service needs; the service does not use it. */
export const ALONG_WITH: Readonly<Partial<Record<string, string>>> = {
  'sqs:GetQueueAttributes': 'sqs:SendMessage',
  'sqs:GetQueueUrl': 'sqs:SendMessage',
  'secretsmanager:DescribeSecret': 'secretsmanager:GetSecretValue',
};
