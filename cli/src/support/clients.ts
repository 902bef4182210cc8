import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { sqsEndpoint } from '../../../src/contract/sqs-endpoint';

export interface Connection {
  readonly region?: string;
  readonly profile?: string;
  /** Endpoint of a local cloud. Default: AWS_ENDPOINT_URL, or AWS. */
  readonly endpointUrl?: string;
}

export type Clients = ReturnType<typeof connect>;

export function connect({ region, profile, endpointUrl }: Connection) {
  const given = { region, profile, endpoint: endpointUrl };
  // An undefined property would keep the SDK from reading its own configuration
  const config = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  // An emulator serves all buckets under one host name
  const forcePathStyle = (endpointUrl ?? process.env.AWS_ENDPOINT_URL) !== undefined;
  return {
    scaling: new ApplicationAutoScalingClient(config),
    cloudFormation: new CloudFormationClient(config),
    cloudWatch: new CloudWatchClient(config),
    logs: new CloudWatchLogsClient(config),
    ecs: new ECSClient(config),
    events: new EventBridgeClient(config),
    lambda: new LambdaClient(config),
    s3: new S3Client({ ...config, forcePathStyle }),
    scheduler: new SchedulerClient(config),
    stepFunctions: new SFNClient(config),
    sqs: new SQSClient({ ...config, ...sqsEndpoint(process.env) }),
  };
}

export function disconnect(clients: Clients): void {
  for (const client of Object.values(clients)) {
    client.destroy();
  }
}
