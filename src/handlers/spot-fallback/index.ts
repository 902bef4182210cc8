import {
  type CapacityProviderStrategyItem,
  DescribeServicesCommand,
  ECSClient,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { ChangeMessageVisibilityBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SpotFallbackEnv } from '../../contract/spot-fallback';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import type { SqsBatchResponse, SqsRecord } from '../shared/sqs-event';

const ecs = new ECSClient();
const sqs = new SQSClient();

const ON_DEMAND: readonly CapacityProviderStrategyItem[] = [{ capacityProvider: 'FARGATE', weight: 1 }];
/** Who puts the service back on Spot meanwhile, such as an update of the stack, is noticed after this. */
const LOOK_AGAIN_SECONDS = 300;

/** The message of a placement that failed. */
interface Failure extends Pick<SqsRecord, 'messageId' | 'attributes'> {
  readonly receiptHandle: string;
}

/**
 * Has a service run on on-demand capacity from a placement on Spot that failed until an hour after the last one.
 *
 * A failure is left in its FIFO queue as long as it counts, from which it comes back; those that come meanwhile join
 * it. So the queue is all the memory there
 * is, and every look begins with what the service has: a message may be lost, repeated or doubled.
 */
export async function handler({
  Records: records,
}: {
  readonly Records: readonly Failure[];
}): Promise<SqsBatchResponse> {
  const last = Math.max(...records.map(({ attributes }) => Number(attributes.SentTimestamp)));
  const leftSeconds = Math.ceil(numberVariable(SpotFallbackEnv.holdSeconds) - (Date.now() - last) / 1_000);
  const inForce = leftSeconds > 0;
  await follow(
    inForce ? ON_DEMAND : (JSON.parse(variable(SpotFallbackEnv.strategy)) as CapacityProviderStrategyItem[]),
  );
  if (!inForce) {
    return { batchItemFailures: [] };
  }
  await hide(records, Math.min(leftSeconds, LOOK_AGAIN_SECONDS));
  return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function follow(strategy: readonly CapacityProviderStrategyItem[]): Promise<void> {
  const [cluster, service] = [variable(SpotFallbackEnv.cluster), variable(SpotFallbackEnv.service)];
  const { services: [found] = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  if (found.status !== 'ACTIVE' || isSame(found.capacityProviderStrategy ?? [], strategy)) {
    return;
  }
  // ECS takes a change of the strategy only with a new deployment. Tasks that work are protected from it, as from
  // scale-in.
  await ecs.send(
    new UpdateServiceCommand({ cluster, service, capacityProviderStrategy: [...strategy], forceNewDeployment: true }),
  );
  log(
    'WARN',
    strategy === ON_DEMAND
      ? 'there is no Spot capacity: the service runs on demand'
      : 'the service is given back to Spot',
    { service, strategy },
  );
}

/** ECS answers with numbers where none were given. */
function isSame(one: readonly CapacityProviderStrategyItem[], other: readonly CapacityProviderStrategyItem[]): boolean {
  const plain = (items: readonly CapacityProviderStrategyItem[]) =>
    items
      .map(({ capacityProvider, base = 0, weight = 0 }) => `${capacityProvider} ${base} ${weight}`)
      .sort()
      .join();
  return plain(one) === plain(other);
}

async function hide(records: readonly Failure[], seconds: number): Promise<void> {
  const Entries = records.map(({ messageId, receiptHandle }) => ({
    Id: messageId,
    ReceiptHandle: receiptHandle,
    VisibilityTimeout: seconds,
  }));
  const { Failed = [] } = await sqs.send(
    new ChangeMessageVisibilityBatchCommand({ QueueUrl: variable(SpotFallbackEnv.queueUrl), Entries }),
  );
  // They come back sooner than they need to, which costs a look.
  if (Failed.length > 0) {
    log('WARN', 'messages come back early', { codes: Failed.map(({ Code }) => Code) });
  }
}
