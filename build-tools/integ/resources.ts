// How a resource is removed that CloudFormation has retained or does not know.
import { CloudWatchClient, DeleteAlarmsCommand, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import {
  BatchGetBuildsCommand,
  CodeBuildClient,
  ListBuildsForProjectCommand,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import { CloudWatchLogsClient, DeleteLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, paginateListTasks, StopTaskCommand } from '@aws-sdk/client-ecs';
import {
  DeleteRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { DeleteBucketCommand, DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { DeleteScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DeleteTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { DeleteQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';

export interface Left {
  readonly type: string;
  /** Physical id. */
  readonly id: string;
}

interface Config {
  readonly region: string;
}

const REMOVERS: Readonly<Partial<Record<string, (config: Config, id: string) => Promise<unknown>>>> = {
  'AWS::DynamoDB::Table': removeTable,
  'AWS::Logs::LogGroup': (config, logGroupName) =>
    using(new CloudWatchLogsClient(config), (client) => client.send(new DeleteLogGroupCommand({ logGroupName }))),
  'AWS::S3::Bucket': async (config, Bucket) => {
    await emptyBucket(config.region, Bucket);
    await using(new S3Client(config), (client) => client.send(new DeleteBucketCommand({ Bucket })));
  },
  'AWS::SNS::Topic': (config, TopicArn) =>
    using(new SNSClient(config), (client) => client.send(new DeleteTopicCommand({ TopicArn }))),
  'AWS::SQS::Queue': (config, QueueUrl) =>
    using(new SQSClient(config), (client) => client.send(new DeleteQueueCommand({ QueueUrl }))),
  'AWS::SecretsManager::Secret': (config, SecretId) =>
    using(new SecretsManagerClient(config), (client) =>
      client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
    ),
};
/** They go with the bucket or the queue that they belong to. */
const PARTS = new Set(['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy']);
const ABSENT = new Set([
  'ClusterNotFoundException',
  'AWS.SimpleQueueService.NonExistentQueue',
  'NoSuchBucket',
  'QueueDoesNotExist',
  'ResourceNotFoundException',
]);

/** Whether it was there; rejects when it cannot be removed. */
export async function removeResource(region: string, { type, id }: Left): Promise<boolean> {
  const remove = REMOVERS[type];
  if (!remove) {
    if (PARTS.has(type)) {
      return false;
    }
    throw new Error('npm run integ does not know how to remove it: remove it by hand');
  }
  return ignoringAbsence(() => remove({ region }, id));
}

/** Log groups that services make by themselves. */
export function logGroupsOf(resources: readonly Left[]): Left[] {
  const groups = resources.flatMap(({ type, id }) => {
    switch (type) {
      case 'AWS::Lambda::Function':
        return [`/aws/lambda/${id}`];
      case 'AWS::ECS::Cluster':
        return [`/aws/ecs/containerinsights/${id}/performance`];
      case 'AWS::CodeBuild::Project':
        return [`/aws/codebuild/${id}`];
      default:
        return [];
    }
  });
  return groups.map((id) => ({ type: 'AWS::Logs::LogGroup', id }));
}

/** What tests have created by themselves, whose names begin so: queues, rules, schedules and alarms. */
export async function removeNamed(region: string, prefix: string): Promise<string[]> {
  const config = { region };
  const removed: string[] = [];
  await using(new SQSClient(config), async (client) => {
    const { QueueUrls: urls = [] } = await client.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
    for (const QueueUrl of urls) {
      await client.send(new DeleteQueueCommand({ QueueUrl }));
      removed.push(QueueUrl);
    }
  });
  await using(new EventBridgeClient(config), async (client) => {
    const { Rules: rules = [] } = await client.send(new ListRulesCommand({ NamePrefix: prefix }));
    for (const { Name, Arn: arn = '' } of rules) {
      const { Targets: targets = [] } = await client.send(new ListTargetsByRuleCommand({ Rule: Name }));
      await client.send(new RemoveTargetsCommand({ Rule: Name, Ids: targets.map(({ Id = '' }) => Id) }));
      await client.send(new DeleteRuleCommand({ Name }));
      removed.push(arn);
    }
  });
  await using(new SchedulerClient(config), async (client) => {
    const { Schedules: schedules = [] } = await client.send(new ListSchedulesCommand({ NamePrefix: prefix }));
    for (const { Name, Arn: arn = '' } of schedules) {
      await client.send(new DeleteScheduleCommand({ Name }));
      removed.push(arn);
    }
  });
  await using(new CloudWatchClient(config), async (client) => {
    const { MetricAlarms: alarms = [] } = await client.send(new DescribeAlarmsCommand({ AlarmNamePrefix: prefix }));
    const names = alarms.map(({ AlarmName = '' }) => AlarmName);
    if (names.length > 0) {
      await client.send(new DeleteAlarmsCommand({ AlarmNames: names }));
      removed.push(...names);
    }
  });
  return removed;
}

/** Deletes all versions; a bucket that is gone is empty. */
export async function emptyBucket(region: string, Bucket: string): Promise<void> {
  await ignoringAbsence(() =>
    using(new S3Client({ region }), async (client) => {
      for (;;) {
        const page = await client.send(new ListObjectVersionsCommand({ Bucket }));
        const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
        if (objects.length === 0) {
          return;
        }
        const Objects = objects.map(({ Key, VersionId }) => ({ Key, VersionId }));
        const { Errors: errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
        );
        for (const { Key: key = '', Message: message = '' } of errors) {
          throw new Error(`object ${key} of ${Bucket} cannot be deleted: ${message}`);
        }
      }
    }),
  );
}

/** A cluster with tasks cannot be deleted, and those of no service go on. */
export async function stopTasks(region: string, cluster: string): Promise<void> {
  await ignoringAbsence(() =>
    using(new ECSClient({ region }), async (client) => {
      for await (const { taskArns = [] } of paginateListTasks({ client }, { cluster })) {
        for (const task of taskArns) {
          await client.send(new StopTaskCommand({ cluster, task, reason: 'the run of npm run integ ends' }));
        }
      }
    }),
  );
}

/** A build has a network interface, with which its subnet and security group cannot be deleted. */
export async function stopBuilds(region: string, projectName: string): Promise<void> {
  await ignoringAbsence(() =>
    using(new CodeBuildClient({ region }), async (client) => {
      // The newest hundred; no more run at a time
      const { ids = [] } = await client.send(new ListBuildsForProjectCommand({ projectName }));
      const { builds = [] } = ids.length === 0 ? {} : await client.send(new BatchGetBuildsCommand({ ids }));
      for (const { id } of builds.filter(({ buildStatus }) => buildStatus === 'IN_PROGRESS')) {
        await client.send(new StopBuildCommand({ id }));
      }
    }),
  );
}

async function removeTable(config: Config, TableName: string): Promise<void> {
  await using(new DynamoDBClient(config), async (client) => {
    await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false })).catch(() => undefined);
    await client.send(new DeleteTableCommand({ TableName }));
  });
}

async function ignoringAbsence(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (ABSENT.has((error as Error).name)) {
      return false;
    }
    throw error;
  }
}

async function using<Client extends { destroy(): void }>(
  client: Client,
  use: (client: Client) => Promise<unknown>,
): Promise<void> {
  try {
    await use(client);
  } finally {
    client.destroy();
  }
}
