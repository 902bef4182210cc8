import type { Row } from '../support/report.ts';
import { settings } from './lag.ts';

/**
 * Prices in US East (N. Virginia), US dollars, as published; without free tiers.
 *
 * https://aws.amazon.com/lambda/pricing/ · https://aws.amazon.com/sqs/pricing/ ·
 * https://aws.amazon.com/eventbridge/pricing/ · https://aws.amazon.com/s3/pricing/
 */
const PRICE = {
  lambdaRequest: 0.2e-6,
  lambdaArmGiBSecond: 0.0000133334,
  sqsRequest: 0.4e-6,
  eventBridgeEvent: 1e-6,
  s3Get: 0.4e-6,
} as const;

const FILES_A_DAY = 100_000;
const DAYS = 30;
/**
 * Lambda starts with five pollers for a queue: each fills a batch of its own, and long-polls for 20 seconds while the
 * queue is empty.
 */
const POLLERS = 5;
const POLLS_A_DAY = (POLLERS * 86_400) / 20;
const MEMORY_GIB = 1;
/** The reports that the seed of this construct gives for one file an invocation, and for batches of its own. */
const SEED = { 'one file an invocation': 3_200, 'its batches': 520 };

/** The cost of a month with 100,000 files a day at a constant rate, without the database. */
export function costs(filesPerSecond: number): Omit<Row, 'case'>[] {
  const files = FILES_A_DAY * DAYS;
  const { batchSize, windowSeconds } = settings();
  const batch = Math.min(batchSize, ((FILES_A_DAY / 86_400) * windowSeconds) / POLLERS);
  const invocations = files / batch;
  const gibSeconds = (files / filesPerSecond + invocations * 0.2) * MEMORY_GIB;
  const messages = files * (1 + 2 / 10) + POLLS_A_DAY * DAYS;
  const parts = {
    Lambda: invocations * PRICE.lambdaRequest + gibSeconds * PRICE.lambdaArmGiBSecond,
    SQS: messages * PRICE.sqsRequest,
    'S3 reads': files * PRICE.s3Get,
    EventBridge: files * PRICE.eventBridgeEvent,
  };
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  const rounded = Object.fromEntries(
    Object.entries(parts).map(([name, value]) => [name, Math.round(value * 100) / 100]),
  );
  return [
    {
      metric: 'US dollars a month',
      ours: total,
      peers: { ...rounded, ...SEED },
      limit: SEED['its batches'],
      goal: SEED['its batches'],
      ok: total <= SEED['its batches'],
    },
  ];
}
