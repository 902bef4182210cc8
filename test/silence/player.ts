import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand, PurgeQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';
import { notifies, type Part } from './parts';
import type { Switch } from './switches';

/** Files, jobs or runs of a deployment. */
export interface Feed {
  /** Minutes between two items. */
  readonly everyMinutes: number;
  /** Sends an item. */
  send(index: number): Promise<void>;
  /** Whether its result is there. */
  isDone(index: number): Promise<boolean>;
}

/** What came of a part that was switched off. */
export type Outcome =
  | { readonly kind: 'found'; readonly alarm: string; readonly minutes: number }
  /** Everything that was sent meanwhile has its result. */
  | { readonly kind: 'unharmed' }
  /** `TaskLifecycleAlerts` has published, and no alarm is in ALARM. */
  | { readonly kind: 'alerted'; readonly missing: number }
  | { readonly kind: 'silent'; readonly missing: number };

/** What came of each part of a deployment, by logical id. */
export interface Played {
  readonly deployment: string;
  readonly parts: readonly Part[];
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

const MINUTE_MS = 60_000;
/** In which an alarm has to be in ALARM. */
const LIMIT_MINUTES = 15;
/** What is sent later may not be done yet. */
const SETTLE_MINUTES = 6;
const RECOVERY_MINUTES = 60;
/** A worker that was stopped may hold a lease, which lasts in real time. */
const GRACE_MS = 35_000;

/** Switches parts of a running deployment off, one after the other, while files arrive. */
export class Player {
  readonly #cloud: LocalCloud;
  readonly #feed: Feed;
  readonly #notifying: ReadonlySet<string>;
  readonly #deadLetterQueues: readonly Part[];
  #sent = 0;
  #next = 0;

  constructor(cloud: LocalCloud, feed: Feed, parts: readonly Part[]) {
    this.#cloud = cloud;
    this.#feed = feed;
    this.#deadLetterQueues = parts.filter(
      ({ type, logicalId }) => type === 'AWS::SQS::Queue' && logicalId.includes('DeadLetter'),
    );
    this.#notifying = new Set(parts.filter(notifies).map(({ logicalId }) => logicalId));
  }

  /** Until the deployment works and no alarm is in ALARM. */
  async settle(): Promise<void> {
    const since = this.#cloud.clock.now();
    await this.#feedUntil(RECOVERY_MINUTES, since, async () => this.#sent > 0 && (await this.#isDone(this.#sent - 1)));
    if (!(await this.#feedUntil(RECOVERY_MINUTES, since, () => this.#inAlarm().length === 0))) {
      throw new Error(`after ${RECOVERY_MINUTES} minutes with every part on, in ALARM: ${this.#inAlarm().join(', ')}`);
    }
  }

  async play(part: Part, { use }: Switch): Promise<Outcome> {
    const known = new Set(this.#inAlarm());
    const first = this.#sent;
    const since = this.#cloud.clock.now();
    const started = Date.now();
    const on = await use(part, this.#cloud);
    let found: { alarm: string; at: number } | undefined;
    let settled = this.#sent;
    await this.#feedUntil(LIMIT_MINUTES, since, () => {
      if (this.#cloud.clock.now() - since < SETTLE_MINUTES * MINUTE_MS) {
        settled = this.#sent;
      }
      found = this.#alarmSince(since, known);
      return found !== undefined;
    });
    let missing = found === undefined ? await this.#missing(first, settled) : 0;
    for (const end = Date.now() + GRACE_MS; missing > 0 && Date.now() < end;) {
      await sleep(1_000);
      missing = await this.#missing(first, settled);
    }
    const alerted = this.#cloud
      .calls()
      .some(({ action, role, time }) => action === 'sns:Publish' && role !== undefined && time > started);
    await on();
    await this.#purge();
    if (found !== undefined) {
      return { kind: 'found', alarm: found.alarm, minutes: Math.ceil((found.at - since) / MINUTE_MS) };
    }
    return missing === 0 ? { kind: 'unharmed' } : { kind: alerted ? 'alerted' : 'silent', missing };
  }

  #alarmSince(since: number, known: ReadonlySet<string>): { alarm: string; at: number } | undefined {
    return this.#cloud
      .alarms()
      .filter(({ logicalId }) => this.#notifying.has(logicalId) && !known.has(logicalId))
      .flatMap(({ logicalId, transitions }) =>
        transitions.filter(({ to, at }) => to === 'ALARM' && at > since).map(({ at }) => ({ alarm: logicalId, at })),
      )
      .toSorted((one, other) => one.at - other.at)[0];
  }

  /** As an operator does who has read them. */
  async #purge(): Promise<void> {
    const sqs = new SQSClient(this.#cloud.clientConfig());
    for (const { stack, logicalId } of this.#deadLetterQueues) {
      const QueueUrl = this.#cloud.resources(stack)[logicalId];
      // SQS purges a queue once a minute
      while (await hasMessages(sqs, QueueUrl)) {
        await sqs.send(new PurgeQueueCommand({ QueueUrl })).catch(ignorePurgeInProgress);
        await sleep(1_000);
      }
    }
    sqs.destroy();
  }

  #inAlarm(): string[] {
    return this.#cloud
      .alarms()
      .filter(({ logicalId, state }) => this.#notifying.has(logicalId) && state === 'ALARM')
      .map(({ logicalId }) => logicalId);
  }

  /** Sends items until a condition holds, at most for some minutes of the cloud's clock. */
  async #feedUntil(minutes: number, since: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    while (this.#cloud.clock.now() - since < minutes * MINUTE_MS) {
      if (await holds()) {
        return true;
      }
      if (this.#cloud.clock.now() >= this.#next) {
        this.#next = this.#cloud.clock.now() + this.#feed.everyMinutes * MINUTE_MS;
        await this.#feed.send(this.#sent);
        this.#sent += 1;
      }
      await sleep(100);
    }
    return holds();
  }

  async #missing(first: number, end: number): Promise<number> {
    const done = await Promise.all(Array.from({ length: end - first }, (_, index) => this.#isDone(first + index)));
    return done.filter((one) => !one).length;
  }

  #isDone(index: number): Promise<boolean> {
    return this.#feed.isDone(index);
  }
}

async function hasMessages(sqs: SQSClient, QueueUrl: string | undefined): Promise<boolean> {
  const { Attributes: attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return attributes?.ApproximateNumberOfMessages !== '0';
}

function ignorePurgeInProgress(error: Error): void {
  if (error.name !== 'PurgeQueueInProgress') {
    throw error;
  }
}
