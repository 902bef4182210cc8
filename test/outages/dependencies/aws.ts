// Outages of AWS services, as the local cloud plays them.
import type { LocalCloud, Outage } from 'fileworks-local';
import { outputsOf } from '../account.ts';
import type { Cell, Form } from '../cell.ts';

const ERRORS: Readonly<Partial<Record<Form, Omit<Outage, 'action'>>>> = {
  away: { error: 'ConnectionClosed' },
  hang: { error: 'NoAnswer' },
};

const OF_S3: typeof ERRORS = {
  ...ERRORS,
  denied: { error: 'AccessDenied' },
  throttled: { error: 'SlowDown' },
  '503': { error: 'ServiceUnavailable' },
  'disabled key': { error: 'KMS.DisabledException' },
};

const OF_OTHERS: typeof ERRORS = {
  ...ERRORS,
  denied: { error: 'AccessDeniedException' },
  throttled: { error: 'ThrottlingException' },
  '503': { error: 'InternalServerError' },
  'disabled key': { error: 'KMSDisabledException', status: 400, message: 'The key is disabled' },
};

const OF_ECS: typeof ERRORS = {
  ...OF_OTHERS,
  'no capacity': { error: 'AmazonECSException', status: 400, message: 'Capacity is unavailable at this time' },
};

/** Begins the outage of a cell, and resolves with its end. */
export function beginAwsOutage(cloud: LocalCloud, { id, dependency, form }: Cell): Promise<() => Promise<void>> {
  const outputs = outputsOf(cloud);
  const objects = (bucket: string | undefined, kind: string) => `arn:aws:s3:::${bucket}/${kind}/${id}/*`;
  const all = `arn:aws:*`;
  const [action, resource, errors] = (
    {
      'S3 results': ['s3:PutObject', objects(outputs.BucketName, 'results'), OF_S3],
      // Versions have an action of their own
      'S3 source': ['s3:GetObject*', objects(outputs[`${id}SourceName`], 'source'), OF_S3],
      // With its indexes
      DynamoDB: ['dynamodb:*', `${all}:table/${outputs[`${id}TableName`]}*`, OF_OTHERS],
      'Secrets Manager': ['secretsmanager:*', outputs[`${id}SecretName`], OF_OTHERS],
      'secrets at the start': ['secretsmanager:*', outputs[`${id}SecretName`], OF_OTHERS],
      EventBridge: ['events:PutEvents', outputs[`${id}BusName`], OF_OTHERS],
      RunTask: ['ecs:RunTask', outputs[`${id}TaskName`], OF_ECS],
      'Step Functions': ['states:StartExecution', outputs[`${id}MachineName`], OF_OTHERS],
      SNS: ['sns:Publish', outputs[`${id}TopicName`], OF_OTHERS],
      SQS: ['sqs:ReceiveMessage', outputs[`${id}QueueArn`], OF_OTHERS],
    } as Readonly<Partial<Record<string, readonly [string, string, typeof ERRORS]>>>
  )[dependency] ?? ['', '', {}];
  const error = errors[form];
  if (error === undefined) {
    throw new Error(`${dependency} has no form ${form}`);
  }
  return cloud.faults.beginOutage({ action, resource, ...error });
}
