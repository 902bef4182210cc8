import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { ExportApiClient } from '../../exports/index.js';
import { type Clock, systemClock, type Timer } from '../../support/clock.js';
import { type Logger, silentLogger } from '../../support/logger.js';
import type { SdkClient } from '../../support/sdk-client.js';
import { missingPeer } from '../../support/missing-peer.js';
import type { ExportMetrics } from './export-metrics.js';

const INTERVAL_MS = 10_000;
/** A task that sees the API away says so for this long; one that dies meanwhile is outlived by no more. */
const CLAIM_MS = 30_000;
/** For how long the end of a suspension is said again: a call that was under way may have undone it. */
const REASSURE_MS = 300_000;

export interface CircuitWatchOptions {
  /** Whose circuit is watched. */
  readonly api: ExportApiClient;
  readonly client: DynamoDBClient;
  /** Table with the text keys `pk` and `sk`, such as that of `ExportJobStore`. */
  readonly tableName: string;
  /** Names the API; tasks with the same name tell each other. */
  readonly name: string;
  /**
   * The service whose scale-out is suspended while the API is away. @default - this task only tells the others and the
   * metrics
   */
  readonly suspends?: {
    /** An `ApplicationAutoScalingClient`. */
    readonly client: SdkClient;
    /** As Application Auto Scaling names it: `service/<cluster>/<service>`. */
    readonly service: string;
  };
  /** @default - nothing is measured */
  readonly metrics?: ExportMetrics;
  /** @default - says nothing */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/**
 * Has a service add no tasks while an API is away, by the suspended state of Application Auto Scaling, and tells the
 * metric `CircuitOpen`.
 *
 * A task whose circuit is open writes so into the table, for 30 seconds at a time. Tasks with `suspends` look there
 * every 10 seconds: the scale-out is
 * suspended while any task says that the API is away, and goes on at most 40 seconds after the last one did, also when
 * that one died. At its start, each
 * of them sets what is right, so that nothing stays suspended after a failure of all.
 *
 * Needs `dynamodb:UpdateItem`; with `suspends` also `dynamodb:GetItem`,
 * `application-autoscaling:RegisterScalableTarget`, `ecs:DescribeServices`,
 * `ecs:UpdateService` and the optional peer `@aws-sdk/client-application-auto-scaling`.
 *
 * @see https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-suspend-resume-scaling.html
 */
export class CircuitWatch {
  readonly #options: CircuitWatchOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;
  /** What this task set last. */
  #suspended: boolean | undefined;

  constructor(options: CircuitWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  start(): void {
    // Half open counts as open: only a request that succeeds says that the API is back.
    this.#options.api.onCircuit({ onOpen: () => this.#lookNow(), onClose: () => this.#lookNow() });
    this.#lookNow();
  }

  /** Looks no more. What is suspended stays so until another task finds that the API is back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  #lookNow(): void {
    if (this.#stopped) {
      return;
    }
    this.#timer?.cancel();
    this.#timer = this.#clock.after(INTERVAL_MS, () => this.#lookNow());
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((err: unknown) => this.#logger.warn({ err }, 'the state of the circuit cannot be told'));
  }

  async #look(): Promise<void> {
    const { api, metrics, suspends } = this.#options;
    const open = api.circuitOpen;
    metrics?.circuit(open);
    if (open) {
      await this.#tell();
    }
    if (suspends === undefined) {
      return;
    }
    const now = this.#now();
    const openUntil = open ? now + CLAIM_MS : await this.#openUntil();
    if (now < openUntil) {
      await this.#suspend(true);
    } else if (this.#suspended === undefined || now < openUntil + REASSURE_MS) {
      await this.#suspend(false);
    }
  }

  async #tell(): Promise<void> {
    const { client, tableName } = this.#options;
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: this.#key(),
        UpdateExpression: 'SET openUntil = :until',
        ExpressionAttributeValues: { ':until': { N: String(this.#now() + CLAIM_MS) } },
      }),
    );
  }

  async #openUntil(): Promise<number> {
    const { client, tableName } = this.#options;
    const { Item: item } = await client.send(new GetItemCommand({ TableName: tableName, Key: this.#key() }));
    return Number(item?.openUntil.N ?? 0);
  }

  async #suspend(suspended: boolean): Promise<void> {
    const { suspends } = this.#options;
    const { RegisterScalableTargetCommand } = await import('@aws-sdk/client-application-auto-scaling').catch(
      missingPeer('@aws-sdk/client-application-auto-scaling'),
    );
    await suspends?.client.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: suspends.service,
        SuspendedState: { DynamicScalingOutSuspended: suspended },
      }) as never,
    );
    if (this.#suspended !== suspended && (suspended || this.#suspended !== undefined)) {
      this.#logger.warn(
        { service: suspends?.service },
        suspended ? 'no tasks are added while the API is away' : 'the API is back, and tasks are added again',
      );
    }
    this.#suspended = suspended;
  }

  #key() {
    return { pk: { S: `CIRCUIT#${this.#options.name}` }, sk: { S: 'CIRCUIT' } };
  }

  /** Milliseconds since 1970: what tasks on several machines agree on, more or less. */
  #now(): number {
    return this.#clock.date().getTime();
  }
}
