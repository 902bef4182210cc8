import { ApplicationAutoScalingClient, RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchLogsClient, CreateLogGroupCommand, DeleteLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, StopTaskCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  DeleteFunctionConcurrencyCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetScheduleCommand, SchedulerClient, UpdateScheduleCommand } from '@aws-sdk/client-scheduler';
import type { UpdateScheduleInput } from '@aws-sdk/client-scheduler';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';
import { type Part, referenced } from './parts';

/** Switches a part on again. */
type On = () => Promise<unknown>;

export interface Switch {
  /** What is done to the part. */
  readonly off: string;
  /** Whether this part has the switch. Default: all of the type. */
  readonly has?: (part: Part) => boolean;
  readonly use: (part: Part, cloud: LocalCloud) => Promise<On>;
}

const physicalId = (cloud: LocalCloud, { stack, logicalId }: Pick<Part, 'stack' | 'logicalId'>): string =>
  cloud.resources(stack)[logicalId] ?? '';

/** How the parts of each type of resource are switched off. */
export const SWITCHES: Readonly<Partial<Record<string, Switch>>> = {
  'AWS::Events::Rule': {
    off: 'disabled',
    async use(part, cloud) {
      const events = new EventBridgeClient(cloud.clientConfig());
      // Of a rule on another bus, the id has the name of the bus
      const [Name, EventBusName] = physicalId(cloud, part).split('|').toReversed();
      await events.send(new DisableRuleCommand({ Name, EventBusName }));
      return () => events.send(new EnableRuleCommand({ Name, EventBusName }));
    },
  },
  'AWS::Scheduler::Schedule': {
    off: 'disabled',
    async use(part, cloud) {
      const scheduler = new SchedulerClient(cloud.clientConfig());
      const [Name, GroupName] = physicalId(cloud, part).split('/').toReversed();
      const found = (await scheduler.send(new GetScheduleCommand({ Name, GroupName }))) as UpdateScheduleInput;
      await scheduler.send(new UpdateScheduleCommand({ ...found, State: 'DISABLED' }));
      return () => scheduler.send(new UpdateScheduleCommand(found));
    },
  },
  'AWS::S3::Bucket': {
    off: 'sends no events to EventBridge',
    has: ({ properties }) => JSON.stringify(properties['NotificationConfiguration'] ?? {}).includes('EventBridge'),
    async use(part, cloud) {
      const s3 = new S3Client(cloud.clientConfig());
      const Bucket = physicalId(cloud, part);
      const { EventBridgeConfiguration } = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
      await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} }));
      return () =>
        s3.send(
          new PutBucketNotificationConfigurationCommand({
            Bucket,
            NotificationConfiguration: { EventBridgeConfiguration },
          }),
        );
    },
  },
  'AWS::Lambda::EventSourceMapping': {
    off: 'disabled',
    async use(part, cloud) {
      const lambda = new LambdaClient(cloud.clientConfig());
      const UUID = physicalId(cloud, part);
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
      return () => lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    },
  },
  'AWS::Lambda::Function': {
    off: 'concurrency 0',
    async use(part, cloud) {
      const lambda = new LambdaClient(cloud.clientConfig());
      const FunctionName = physicalId(cloud, part);
      await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
      return () => lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    },
  },
  'AWS::ECS::Service': {
    off: 'desired count 0',
    use: async (part, cloud) => {
      await noTasks(part, cloud);
      // Its scaling starts tasks when there is work
      return () => Promise.resolve();
    },
  },
  'AWS::ApplicationAutoScaling::ScalableTarget': {
    off: 'scaling suspended without tasks',
    async use(part, cloud) {
      const scaling = new ApplicationAutoScalingClient(cloud.clientConfig());
      const { resourceId: ResourceId } = cloud.scaling().find(({ resourceId }) => serves(part, cloud, resourceId))!;
      const suspend = (suspended: boolean) =>
        scaling.send(
          new RegisterScalableTargetCommand({
            ServiceNamespace: 'ecs',
            ScalableDimension: 'ecs:service:DesiredCount',
            ResourceId,
            SuspendedState: {
              DynamicScalingInSuspended: suspended,
              DynamicScalingOutSuspended: suspended,
              ScheduledScalingSuspended: suspended,
            },
          }),
        );
      await suspend(true);
      const [, cluster, service] = ResourceId.split('/');
      const ecs = new ECSClient(cloud.clientConfig());
      await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
      // A busy task is protected
      const running = cloud
        .tasks()
        .filter((task) => task.group === `service:${service}` && task.lastStatus !== 'STOPPED');
      await Promise.all(running.map(({ taskArn: task }) => ecs.send(new StopTaskCommand({ cluster, task }))));
      return () => suspend(false);
    },
  },
  'AWS::Logs::LogGroup': {
    off: 'deleted',
    async use(part, cloud) {
      const logs = new CloudWatchLogsClient(cloud.clientConfig());
      const logGroupName = physicalId(cloud, part);
      await logs.send(new DeleteLogGroupCommand({ logGroupName }));
      return () => logs.send(new CreateLogGroupCommand({ logGroupName }));
    },
  },
  'AWS::SQS::QueuePolicy': {
    off: 'removed',
    async use({ stack, properties }, cloud) {
      const sqs = new SQSClient(cloud.clientConfig());
      const [queue] = properties['Queues'] as unknown[];
      const QueueUrl = physicalId(cloud, { stack, logicalId: referenced(queue) });
      const { Attributes: found } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }),
      );
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
      return () => sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: found?.Policy ?? '' } }));
    },
  },
};

async function noTasks(part: Part, cloud: LocalCloud): Promise<void> {
  const [, cluster, service] = physicalId(cloud, part).split(':').at(-1)!.split('/');
  await new ECSClient(cloud.clientConfig()).send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
}

/** Whether the scalable target of a part is that of `resourceId`: its id has the service of the part. */
function serves({ stack, properties }: Part, cloud: LocalCloud, resourceId: string): boolean {
  const named = JSON.stringify(properties['ResourceId']);
  const services = Object.entries(cloud.resources(stack)).filter(([logicalId]) => named.includes(`"${logicalId}"`));
  return services.some(([, id]) => id?.split('/').at(-1) === resourceId.split('/').at(-1));
}

const NETWORK = 'no switch: you provide the network, and the local cloud has none';
const ALARM =
  'an alarm with disabled actions reports nothing, and no other alarm watches it; the AWS Config rule cloudwatch-alarm-action-enabled-check does';
const DENIED = 'calls that a policy denies are cells of the outage matrix';
const AWAY = 'an unavailable dependency is a cell of the outage matrix';

/** Types of parts that are not switched off, and why. */
export const NOT_SWITCHED: Readonly<Partial<Record<string, string>>> = {
  'AWS::ApplicationAutoScaling::ScalingPolicy': 'no switch of its own: its scalable target is suspended',
  'AWS::CloudWatch::CompositeAlarm': ALARM,
  'AWS::CloudWatch::Alarm': ALARM,
  'AWS::CloudWatch::Dashboard': 'nothing depends on it',
  'AWS::CodeBuild::Project': 'no switch',
  'AWS::DynamoDB::Table': 'no switch; a stream that is enabled again is another one',
  'AWS::EC2::*': NETWORK,
  'AWS::ECS::Cluster': 'no switch',
  'AWS::ECS::ClusterCapacityProviderAssociations': 'no switch while services use them',
  'AWS::ECS::TaskDefinition': 'a deregistered revision cannot be registered again; it is a deployment',
  'AWS::IAM::*': DENIED,
  'AWS::KMS::Key': AWAY,
  'AWS::Lambda::EventInvokeConfig': 'takes effect only after another failure',
  'AWS::Lambda::Permission': DENIED,
  'AWS::RDS::*': AWAY,
  'AWS::S3::Bucket': 'no switch',
  'AWS::S3::BucketPolicy': DENIED,
  'AWS::SNS::Topic': 'no switch; no alarm can report that its own topic is gone: notify a second one',
  'AWS::SNS::TopicPolicy': 'no alarm can report that its own topic refuses it: notify a second one',
  'AWS::SQS::Queue': 'no switch',
  'AWS::SecretsManager::*': AWAY,
  'AWS::StepFunctions::StateMachine': 'no switch',
};

/** The switch of a part, or why it has none. */
export function switchOf(part: Part): Switch | string {
  const found = SWITCHES[part.type];
  if (found !== undefined && (found.has?.(part) ?? true)) {
    return found;
  }
  const service = `${part.type.split('::').slice(0, 2).join('::')}::*`;
  const because = NOT_SWITCHED[part.type] ?? NOT_SWITCHED[service];
  if (because === undefined) {
    throw new Error(
      `${part.logicalId} is a ${part.type}: add its switch, or why it has none, to test/silence/switches.ts`,
    );
  }
  return because;
}
