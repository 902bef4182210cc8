import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { CapacityProviderStrategy, FargateService } from 'aws-cdk-lib/aws-ecs';
import { Match, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { SpotFallbackEnv, SpotFallbackMessage } from '../../../contract/spot-fallback';
import { EcsEvents } from '../../../contract/task-alerts';
import { grantConsume } from '../../private/grants';
import { createHandlerFunction } from '../../private/handler-function';
import { pathOf } from '../../private/paths';
import { createQueueSource } from '../../private/queue-source';
import { createThrottleAlarm } from '../../private/throttle-alarm';
import { createUndeliveredEvents } from '../../private/undelivered-events';
import { createWorkQueue, type WorkQueue } from '../../private/work-queue';
import { SpotFallbackDefaults } from '../defaults';

export interface SpotFallbackOptions {
  readonly service: FargateService;
  /** What the service has while there is Spot capacity. */
  readonly strategy: CapacityProviderStrategy[];
}

/** The queue for failed placements, and the function that changes the service's capacity while a message is in it. */
export function createSpotFallback(worker: Construct, options: SpotFallbackOptions): WorkQueue {
  const { service, strategy } = options;
  const scope = new Construct(worker, 'SpotFallback');
  const failures = createWorkQueue(scope, {
    fifo: true,
    visibilityTimeout: Duration.minutes(1),
    maxReceiveCount: SpotFallbackDefaults.maxReceiveCount,
    retentionPeriod: SpotFallbackDefaults.retentionPeriod,
    removalPolicy: RemovalPolicy.DESTROY,
    deadLetterNotice: {
      description: `The fallback of ${pathOf(worker)} to on-demand capacity fails: it may have no tasks, or not return to Spot`,
      runbook: 'worker-on-demand-fallback',
    },
  });
  const handler = createHandlerFunction(scope, 'Function', {
    handler: 'spot-fallback',
    description: `Runs ${pathOf(worker)} on demand while there is no Spot capacity`,
    timeout: SpotFallbackDefaults.functionTimeout,
    environment: {
      [SpotFallbackEnv.cluster]: service.cluster.clusterName,
      [SpotFallbackEnv.service]: service.serviceName,
      [SpotFallbackEnv.strategy]: JSON.stringify(strategy),
      [SpotFallbackEnv.queueUrl]: failures.queue.queueUrl,
      [SpotFallbackEnv.holdSeconds]: String(SpotFallbackDefaults.hold.toSeconds()),
    },
  });
  iam.Grant.addToPrincipal({
    grantee: handler,
    actions: ['ecs:DescribeServices', 'ecs:UpdateService'],
    resourceArns: [service.serviceArn],
  });
  // For the event source mapping, which uses the role of the function, and for the function, which hides messages
  // itself.
  grantConsume(failures.queue, handler);
  createQueueSource(scope, 'Source', {
    target: handler,
    queue: failures.queue,
    batchSize: SpotFallbackDefaults.batchSize,
  });
  createThrottleAlarm(scope, [handler]);
  const undelivered = createUndeliveredEvents(new Construct(scope, 'Undelivered'), {
    description: `The event of a failed placement on Spot did not reach ${pathOf(worker)}, which did not fall back to on-demand capacity`,
    runbook: 'worker-on-demand-fallback',
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
  new Rule(scope, 'Rule', {
    description: `Spot capacity is missing for ${pathOf(worker)}`,
    eventPattern: {
      source: [EcsEvents.source],
      detailType: [EcsEvents.serviceAction],
      resources: [service.serviceArn],
      detail: {
        eventName: ['SERVICE_TASK_PLACEMENT_FAILURE'],
        reason: ['RESOURCE:FARGATE'],
        capacityProviderArns: Match.suffix(':capacity-provider/FARGATE_SPOT'),
      },
    },
    targets: [
      new SqsQueue(failures.queue, {
        message: RuleTargetInput.fromObject(SpotFallbackMessage.body),
        messageGroupId: SpotFallbackMessage.groupId,
        deadLetterQueue: undelivered.deadLetterQueue,
        maxEventAge: SpotFallbackDefaults.maxEventAge,
      }),
    ],
  });
  return failures;
}
