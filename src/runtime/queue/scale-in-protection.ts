import { type PollerListener } from './poller-events.js';
import { backoffDelay } from '../support/backoff.js';
import { type Clock, type Timer } from '../support/clock.js';
import { type Logger } from '../support/logger.js';
import { messageOf } from '../support/thrown.js';

/** Keeps the platform from stopping this worker while it has work. */
export interface ScaleInProtection {
  /**
   * Acquires or renews the protection. Resolves with `refused` when the platform is about to stop this worker, which
   * then drains, and with `failed`, or rejects, when it could not be acquired, as when the call was throttled: the
   * worker continues without it, and soon tries again.
   */
  acquire(): Promise<'granted' | 'refused' | 'failed'>;
  /** Ends the protection; never rejects. */
  release(): Promise<void>;
  /** Milliseconds after which a held protection must be acquired again. */
  readonly renewEveryMs: number;
  /** Milliseconds without work after which it is released; a short time costs a task with little work many calls. */
  readonly releaseAfterIdleMs: number;
}

/** Between attempts that fail. ECS throttles the calls of all tasks of an account together. */
const RETRY_MS = { base: 2_000, max: 60_000, jitter: 'equal' } as const;

/**
 * Holds the scale-in protection of a poller while there is work.
 *
 * - off: not protected. With work, it is acquired.
 * - acquiring: no job starts and no message is received until the answer.
 * - held: renewed until there has been no work for `releaseAfterIdleMs`, then off again. After a failure, work
 *   continues without protection, and it is acquired again after 1 to 60 seconds.
 *
 * A refusal, at the first acquisition or at a renewal, drains the worker.
 */
export class ProtectionKeeper {
  readonly #protection: ScaleInProtection | undefined;
  readonly #clock: Clock;
  readonly #listener: PollerListener;
  /** Whether work may continue: protected, or without protection after a failure. */
  #held = false;
  #failures = 0;
  #acquiring: Promise<void> | undefined;
  #releasing: Promise<void> = Promise.resolve();
  #renewal: Timer | undefined;
  #idle: Timer | undefined;

  constructor(protection: ScaleInProtection | undefined, clock: Clock, listener: PollerListener) {
    this.#protection = protection;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Whether jobs may start; acquires the protection when it is not held. */
  ensure(): boolean {
    this.#idle?.cancel();
    this.#idle = undefined;
    if (this.#protection === undefined || this.#held) {
      return true;
    }
    this.#acquiring ??= this.#acquire(this.#protection);
    return false;
  }

  /** Whether the first answer is pending; a renewal does not count, since the protection is held meanwhile. */
  get isAcquiring(): boolean {
    return this.#acquiring !== undefined && !this.#held;
  }

  /** There is no work: releases the protection after a while, unless `ensure` is called before. */
  idle(): void {
    if (this.#protection !== undefined && this.#held) {
      this.#idle ??= this.#clock.after(this.#protection.releaseAfterIdleMs, () => void this.release());
    }
  }

  async release(): Promise<void> {
    this.#idle?.cancel();
    this.#idle = undefined;
    await this.#acquiring;
    this.#renewal?.cancel();
    if (this.#held && this.#protection !== undefined) {
      this.#held = false;
      this.#releasing = this.#protection.release().catch(() => undefined);
    }
    await this.#releasing;
  }

  async #acquire(protection: ScaleInProtection): Promise<void> {
    // A call that overtakes another would leave the task unprotected while it works.
    await this.#releasing;
    const answer = await protection.acquire().catch(() => 'failed' as const);
    this.#acquiring = undefined;
    this.#held = answer !== 'refused';
    if (!this.#held) {
      this.#listener.protectionRefused();
      return;
    }
    this.#failures = answer === 'failed' ? this.#failures + 1 : 0;
    const renewAfterMs =
      this.#failures === 0
        ? protection.renewEveryMs
        : Math.min(protection.renewEveryMs, backoffDelay(this.#failures, RETRY_MS));
    this.#renewal = this.#clock.after(renewAfterMs, () => {
      this.#acquiring = this.#acquire(protection);
    });
    this.#listener.changed();
  }
}

/** Protection ends by itself after this time, so a worker that dies does not block a deployment for long. */
const EXPIRES_IN_MINUTES = 10;
const RENEW_EVERY_MS = (EXPIRES_IN_MINUTES * 60_000) / 2;
// Long enough to bridge the gaps of a busy queue; a minute would keep tasks that have no work
// (docs/operations/simulator.md).
const RELEASE_AFTER_IDLE_MS = 10_000;
const CALL_TIMEOUT_MS = 5_000;

interface AgentAnswer {
  readonly protection?: { readonly ProtectionEnabled: boolean };
  /** The service refused. */
  readonly failure?: { readonly Reason?: string; readonly Detail?: string };
  /** The call failed. */
  readonly error?: { readonly Code?: string; readonly Message?: string };
}

/**
 * Task scale-in protection through the ECS agent of the task.
 *
 * It keeps the task from scale-in and deployments while it works, but not from a Spot interruption. A refusal, as while
 * a deployment is blocked, means that ECS is about to stop the task. Every other failure is logged, and the worker
 * continues unprotected until a later attempt succeeds.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
 */
export class EcsScaleInProtection implements ScaleInProtection {
  readonly renewEveryMs = RENEW_EVERY_MS;
  readonly releaseAfterIdleMs = RELEASE_AFTER_IDLE_MS;
  readonly #url: string;
  readonly #logger: Logger;
  #supported = true;

  /** @param agentUri the value of `ECS_AGENT_URI`, which ECS sets in every container */
  constructor(agentUri: string, logger: Logger) {
    this.#url = `${agentUri}/task-protection/v1/state`;
    this.#logger = logger;
  }

  async acquire(): Promise<'granted' | 'refused' | 'failed'> {
    if (!this.#supported) {
      return 'granted';
    }
    const answer = await this.#put({ ProtectionEnabled: true, ExpiresInMinutes: EXPIRES_IN_MINUTES });
    if (answer.failure?.Reason === 'TASK_NOT_VALID') {
      this.#supported = false;
      this.#logger.info(
        { detail: answer.failure.Detail },
        'task does not belong to a service: scale-in protection is not needed',
      );
      return 'granted';
    }
    if (answer.failure !== undefined) {
      this.#logger.warn({ ...answer.failure }, 'scale-in protection refused');
      return 'refused';
    }
    if (answer.error !== undefined) {
      this.#logger.warn({ ...answer.error }, 'scale-in protection failed; working without it until the next attempt');
      return 'failed';
    }
    return 'granted';
  }

  async release(): Promise<void> {
    if (this.#supported) {
      const { failure, error } = await this.#put({ ProtectionEnabled: false });
      if (failure !== undefined || error !== undefined) {
        this.#logger.warn(
          { ...failure, ...error },
          `scale-in protection could not be released; it expires after ${EXPIRES_IN_MINUTES} minutes`,
        );
      }
    }
  }

  async #put(body: object): Promise<AgentAnswer> {
    try {
      const response = await fetch(this.#url, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      const answer = (await response.json()) as AgentAnswer;
      const explained = response.ok || answer.failure !== undefined || answer.error !== undefined;
      return explained ? answer : { error: { Code: `HTTP ${response.status}` } };
    } catch (error) {
      return { error: { Code: 'Unreachable', Message: messageOf(error) } };
    }
  }
}
