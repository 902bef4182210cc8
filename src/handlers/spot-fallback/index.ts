import {
  type CapacityProviderStrategyItem,
  DescribeServicesCommand,
  ECSClient,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { ChangeMessageVisibilityBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SpotFallbackEnv } from '../../contract/spot-fallback';
import { sqsEndpoint } from '../../contract/sqs-endpoint';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import type { SqsBatchResponse, SqsRecord } from '../shared/sqs-event';

const ecs = new ECSClient();
const sqs = new SQSClient(sqsEndpoint(process.env));

const ON_DEMAND: readonly CapacityProviderStrategyItem[] = [{ capacityProvider: 'FARGATE', weight: 1 }];
/** Interval after which a change of the strategy by others, such as a stack update, is detected. */
const RECHECK_SECONDS = 300;

/** The message of a failed placement. */
interface Failure extends Pick<SqsRecord, 'messageId' | 'attributes'> {
  readonly receiptHandle: string;
}

/**
 * Runs a service on on-demand capacity from a failed placement on Spot until an hour after the last one.
 *
 * A failure stays in its FIFO queue while it is in force and is redelivered; later failures are received with it. The
 * queue is the only state, and every invocation starts from the current strategy of the service, so messages may be
 * lost, redelivered or duplicated.
 */
export async function handler({
  Records: records,
}: {
  readonly Records: readonly Failure[];
}): Promise<SqsBatchResponse> {
  const last = Math.max(...records.map(({ attributes }) => Number(attributes.SentTimestamp)));
  const leftSeconds = Math.ceil(numberVariable(SpotFallbackEnv.holdSeconds) - (Date.now() - last) / 1_000);
  const inForce = leftSeconds > 0;
  await applyStrategy(
    inForce ? ON_DEMAND : (JSON.parse(variable(SpotFallbackEnv.strategy)) as CapacityProviderStrategyItem[]),
  );
  if (!inForce) {
    return { batchItemFailures: [] };
  }
  await extendVisibility(records, Math.min(leftSeconds, RECHECK_SECONDS));
  return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function applyStrategy(strategy: readonly CapacityProviderStrategyItem[]): Promise<void> {
  const [cluster, service] = [variable(SpotFallbackEnv.cluster), variable(SpotFallbackEnv.service)];
  const { services: [found] = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  if (found.status !== 'ACTIVE' || isSame(found.capacityProviderStrategy ?? [], strategy)) {
    return;
  }
  // ECS applies a change of the strategy only with a new deployment. Scale-in protection also protects running tasks
  // from a deployment.
  await ecs.send(
    new UpdateServiceCommand({ cluster, service, capacityProviderStrategy: [...strategy], forceNewDeployment: true }),
  );
  log(
    'WARN',
    strategy === ON_DEMAND ? 'no Spot capacity: the service runs on demand' : 'the service runs on Spot again',
    { service, strategy },
  );
}

/** ECS returns defaults for omitted numbers. */
function isSame(one: readonly CapacityProviderStrategyItem[], other: readonly CapacityProviderStrategyItem[]): boolean {
  const plain = (items: readonly CapacityProviderStrategyItem[]) =>
    items
      .map(({ capacityProvider, base = 0, weight = 0 }) => `${capacityProvider} ${base} ${weight}`)
      .sort()
      .join();
  return plain(one) === plain(other);
}

async function extendVisibility(records: readonly Failure[], seconds: number): Promise<void> {
  const Entries = records.map(({ messageId, receiptHandle }) => ({
    Id: messageId,
    ReceiptHandle: receiptHandle,
    VisibilityTimeout: seconds,
  }));
  const { Failed = [] } = await sqs.send(
    new ChangeMessageVisibilityBatchCommand({ QueueUrl: variable(SpotFallbackEnv.queueUrl), Entries }),
  );
  // They are redelivered earlier than necessary, which costs one invocation.
  if (Failed.length > 0) {
    log('WARN', 'messages will be redelivered early', { codes: Failed.map(({ Code }) => Code) });
  }
}
