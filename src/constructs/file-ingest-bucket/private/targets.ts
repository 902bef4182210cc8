import { Stack } from 'aws-cdk-lib';
import { EventField, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption, type CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IEnvironmentAware } from 'aws-cdk-lib/interfaces';
import type { Construct } from 'constructs';
import { OBJECT_CREATED_DETAIL_TYPE, OBJECT_EVENT_SOURCE } from '../../../contract/object-event';
import { WakeUpMessage } from '../../../contract/wake-up';
import { functionTarget, queueTarget, withDeadLetters } from '../../private/rule-access';
import { checkSameEnvironment } from '../../private/same-environment';
import { ValidationError } from '../../private/validation-error';
import { createWorkQueue } from '../../private/work-queue';
import type { ObjectFargateTask } from '../../object-fargate-task';
import type { QueueScaledFargateWorker } from '../../queue-scaled-fargate-worker';
import type { IFileDispatcher, IIngestRoute } from '../ingest-interfaces';
import { IngestMessageFormat, type IngestMessageOptions } from '../ingest-message';
import type {
  IngestDelivery,
  IngestQueueOptions,
  IngestTargetConfig,
  IngestWorkerOptions,
} from '../ingest-target-options';

/** The implementation of `IngestTarget.bind()`. */
export type Bind = (scope: Construct, route: IIngestRoute, delivery: IngestDelivery) => IngestTargetConfig;

export function worker(target: QueueScaledFargateWorker, { additionalQueue, ...options }: IngestWorkerOptions): Bind {
  return (_scope, route, delivery) => {
    route.grantRead(target);
    const { wakeUpQueue } = target;
    const config = toQueue(queueOf(target, additionalQueue, route), options, route, delivery);
    return {
      ...config,
      // S3 cannot wake a worker.
      takesS3Notifications: config.takesS3Notifications && wakeUpQueue === undefined,
      companion:
        wakeUpQueue &&
        queueTarget(wakeUpQueue, {
          ...delivery,
          message: RuleTargetInput.fromObject(WakeUpMessage.body),
          messageGroupId: WakeUpMessage.groupId,
        }),
    };
  };
}

function queueOf(
  { queue, additionalQueues }: QueueScaledFargateWorker,
  name: string | undefined,
  route: IIngestRoute,
): IQueue {
  if (name === undefined) {
    return queue;
  }
  if (!Object.hasOwn(additionalQueues, name)) {
    const names = Object.keys(additionalQueues).join(', ');
    throw new ValidationError(
      `additionalQueue must be one of the worker's additionalQueues (${names === '' ? 'it has none' : names}), got: ${name}`,
      route,
    );
  }
  return additionalQueues[name].queue;
}

export function newQueue(options: IngestQueueOptions): Bind {
  return (scope, route, delivery) => toQueue(createWorkQueue(scope, options).queue, options, route, delivery);
}

export function existingQueue(queue: IQueue, options: IngestMessageOptions): Bind {
  return (_scope, route, delivery) => toQueue(queue, options, route, delivery);
}

export function lambdaFunction(handler: IFunction): Bind {
  return (_scope, route, delivery) => {
    checkTargetEnvironment(handler, route);
    route.grantRead(handler);
    return {
      ruleTarget: functionTarget(handler, { ...delivery }),
    };
  };
}

export function stateMachine(target: IStateMachine): Bind {
  return (_scope, route, delivery) => {
    checkTargetEnvironment(target, route);
    return {
      ruleTarget: withDeadLetters(new SfnStateMachine(target, withoutDeadLetters(delivery)), delivery.deadLetterQueue),
    };
  };
}

export function fargateTask(task: ObjectFargateTask): Bind {
  return (_scope, route, delivery) => {
    route.grantRead(task);
    return {
      ruleTarget: withDeadLetters(
        new SfnStateMachine(task.stateMachine, withoutDeadLetters(delivery)),
        delivery.deadLetterQueue,
      ),
    };
  };
}

export function dispatcher(target: IFileDispatcher): Bind {
  return (_scope, route, delivery) => {
    if (Stack.of(target) !== Stack.of(route)) {
      throw new ValidationError(
        `target is in the stack ${Stack.of(target).node.path}, and rule and dispatcher reference each other; create the route there: new IngestRoute(scope, id, { source, ... })`,
        route,
      );
    }
    const ruleTarget = target.addRoute(route, delivery);
    return { ruleTarget, deletions: ruleTarget };
  };
}

function toQueue(
  queue: IQueue,
  { messageGroupId, format }: IngestMessageOptions,
  route: IIngestRoute,
  delivery: IngestDelivery,
): IngestTargetConfig {
  if (queue instanceof Queue) {
    checkQueue(queue, route);
  }
  checkTargetEnvironment(queue, route);
  if (queue.fifo && messageGroupId === undefined) {
    throw new ValidationError(
      'target needs messageGroupId, because its queue is FIFO; events of one group are processed one after another',
      route,
    );
  }
  const compact = format === IngestMessageFormat.COMPACT;
  return {
    ruleTarget: queueTarget(queue, { ...delivery, messageGroupId, message: compact ? compactEvent() : undefined }),
    queue,
    takesS3Notifications: !compact && !queue.fifo && messageGroupId === undefined,
  };
}

/** The retries alone, because the CDK would add a policy statement for each rule. */
function withoutDeadLetters({ maxEventAge, retryAttempts }: IngestDelivery): Omit<IngestDelivery, 'deadLetterQueue'> {
  return { maxEventAge, retryAttempts };
}

/** Whole objects of the event, so that a missing field, such as the version, does not break the JSON. */
function compactEvent(): RuleTargetInput {
  return RuleTargetInput.fromObject({
    id: EventField.eventId,
    time: EventField.time,
    source: OBJECT_EVENT_SOURCE,
    'detail-type': OBJECT_CREATED_DETAIL_TYPE,
    detail: { bucket: EventField.fromPath('$.detail.bucket'), object: EventField.fromPath('$.detail.object') },
  });
}

function checkTargetEnvironment(target: IEnvironmentAware, route: IIngestRoute): void {
  checkSameEnvironment({ target }, 'rules deliver only there', route);
}

/** Checks a queue that this app creates. */
function checkQueue(queue: Queue, route: IIngestRoute): void {
  if (Stack.of(queue) !== Stack.of(route)) {
    throw new ValidationError(
      `target is in the stack ${Stack.of(queue).node.path}, and rule and queue reference each other; create the route there: new IngestRoute(scope, id, { source, ... })`,
      route,
    );
  }
  if (queue.encryptionType === QueueEncryption.KMS_MANAGED) {
    throw new ValidationError(
      'target cannot be a queue with QueueEncryption.KMS_MANAGED, because EventBridge may not use the AWS managed key for SQS; ' +
        'use QueueEncryption.SQS_MANAGED, or KMS with a customer-managed key',
      route,
    );
  }
  if (queue.fifo && (queue.node.defaultChild as CfnQueue).contentBasedDeduplication !== true) {
    throw new ValidationError(
      'target needs a FIFO queue with contentBasedDeduplication, because EventBridge sends no deduplication id; set it on the queue',
      route,
    );
  }
}
