/** What aws-cdk-lib grants along with an action that a service needs; the service does not use it. */
export const ALONG_WITH: Readonly<Partial<Record<string, string>>> = {
  'sqs:GetQueueAttributes': 'sqs:SendMessage',
  'sqs:GetQueueUrl': 'sqs:SendMessage',
  'secretsmanager:DescribeSecret': 'secretsmanager:GetSecretValue',
};
