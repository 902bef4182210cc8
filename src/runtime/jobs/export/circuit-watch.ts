import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { ExportApiClient } from '../../exports/index.js';
import { type Clock, systemClock, type Timer } from '../../support/clock.js';
import { type Logger, silentLogger } from '../../support/logger.js';
import type { SdkClient } from '../../support/sdk-client.js';
import { missingPeer } from '../../support/missing-peer.js';
import type { ExportMetrics } from './export-metrics.js';

const INTERVAL_MS = 10_000;
/** Validity of a record that the API is unavailable; also the time for which it outlives a stopped task. */
const OPEN_TTL_MS = 30_000;
/** Time for which the end of a suspension is repeated, because a concurrent call may have undone it. */
const REPEAT_MS = 300_000;

export interface CircuitWatchOptions {
  /** Client whose circuit is watched. */
  readonly api: ExportApiClient;
  readonly client: DynamoDBClient;
  /** Table with the text keys `pk` and `sk`, such as that of `ExportJobStore`. */
  readonly tableName: string;
  /** Name of the API; tasks with the same name share the state. */
  readonly name: string;
  /**
   * The service whose scale-out is suspended while the API is unavailable. @default - this task only records the state
   * and metrics
   */
  readonly suspends?: {
    /** An `ApplicationAutoScalingClient`. */
    readonly client: SdkClient;
    /** Application Auto Scaling resource id: `service/<cluster>/<service>`. */
    readonly service: string;
  };
  /** @default - no metrics */
  readonly metrics?: ExportMetrics;
  /** @default - no log */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/**
 * Suspends the scale-out of a service while an API is unavailable, with the suspended state of Application Auto
 * Scaling, and reports the metric `CircuitOpen`.
 *
 * A task whose circuit is open records this in the table, for 30 seconds at a time. Tasks with `suspends` check the
 * table every 10 seconds: the scale-out is suspended while any task has a valid record, and resumes at most 40 seconds
 * after the last one, even if that task stopped. Each of them also sets the correct state when it starts, so that the
 * suspension ends after a failure of all tasks.
 *
 * Needs `dynamodb:UpdateItem`; with `suspends` also `dynamodb:GetItem`,
 * `application-autoscaling:RegisterScalableTarget`, `ecs:DescribeServices`, `ecs:UpdateService` and the optional peer
 * `@aws-sdk/client-application-auto-scaling`.
 *
 * @see
 * https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-suspend-resume-scaling.html
 */
export class CircuitWatch {
  readonly #options: CircuitWatchOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #checking: Promise<void> = Promise.resolve();
  #stopped = false;
  /** The state that this task set last. */
  #suspended: boolean | undefined;

  constructor(options: CircuitWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  start(): void {
    // Half open counts as open: only a successful request shows that the API is available again.
    this.#options.api.onCircuit({ onOpen: () => this.#checkNow(), onClose: () => this.#checkNow() });
    this.#checkNow();
  }

  /** Stops the checks. A suspension remains until another task detects that the API is available again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#checking;
  }

  #checkNow(): void {
    if (this.#stopped) {
      return;
    }
    this.#timer?.cancel();
    this.#timer = this.#clock.after(INTERVAL_MS, () => this.#checkNow());
    this.#checking = this.#checking
      .then(() => this.#check())
      .catch((err: unknown) => this.#logger.warn({ err }, 'check of the circuit failed'));
  }

  async #check(): Promise<void> {
    const { api, metrics, suspends } = this.#options;
    const open = api.circuitOpen;
    metrics?.circuit(open);
    if (open) {
      await this.#recordOpen();
    }
    if (suspends === undefined) {
      return;
    }
    const now = this.#now();
    const openUntil = open ? now + OPEN_TTL_MS : await this.#openUntil();
    if (now < openUntil) {
      await this.#suspend(true);
    } else if (this.#suspended === undefined || now < openUntil + REPEAT_MS) {
      await this.#suspend(false);
    }
  }

  async #recordOpen(): Promise<void> {
    const { client, tableName } = this.#options;
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: this.#key(),
        UpdateExpression: 'SET openUntil = :until',
        ExpressionAttributeValues: { ':until': { N: String(this.#now() + OPEN_TTL_MS) } },
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
        suspended ? 'API unavailable: scale-out suspended' : 'API available again: scale-out resumed',
      );
    }
    this.#suspended = suspended;
  }

  #key() {
    return { pk: { S: `CIRCUIT#${this.#options.name}` }, sk: { S: 'CIRCUIT' } };
  }

  /** Milliseconds since 1970, comparable between machines except for clock skew. */
  #now(): number {
    return this.#clock.date().getTime();
  }
}
