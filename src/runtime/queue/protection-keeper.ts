import { type ScaleInProtection } from './scale-in-protection.js';
import { type Clock, type Timer } from '../support/clock.js';

export interface ProtectionKeeperOptions {
  readonly protection: ScaleInProtection | undefined;
  readonly clock: Clock;
  /** Protection is there now; work can start. */
  readonly onGranted: () => void;
  readonly onRefused: () => void;
}

/**
 * Holds the scale-in protection while there is work.
 *
 * off → asking (work waits) → held, renewed → off again after a while without work; refused at any time means that the
 * worker drains.
 */
export class ProtectionKeeper {
  readonly #options: ProtectionKeeperOptions;
  #held = false;
  #asking: Promise<void> | undefined;
  #releasing: Promise<void> = Promise.resolve();
  #renewal: Timer | undefined;
  #idle: Timer | undefined;

  constructor(options: ProtectionKeeperOptions) {
    this.#options = options;
  }

  /** Whether work may start; asks for protection when it is not held. */
  ensure(): boolean {
    this.#idle?.cancel();
    this.#idle = undefined;
    if (this.#options.protection === undefined || this.#held) {
      return true;
    }
    this.#asking ??= this.#ask(this.#options.protection);
    return false;
  }

  /** Whether an answer is awaited; nothing is received meanwhile. */
  get isAsking(): boolean {
    return this.#asking !== undefined && !this.#held;
  }

  /** There is no work; gives the protection back unless work comes soon. */
  idle(): void {
    const { protection, clock } = this.#options;
    if (protection !== undefined && this.#held) {
      this.#idle ??= clock.after(protection.releaseAfterIdleMs, () => void this.release());
    }
  }

  async release(): Promise<void> {
    this.#idle?.cancel();
    this.#idle = undefined;
    await this.#asking;
    this.#renewal?.cancel();
    const { protection } = this.#options;
    if (this.#held && protection !== undefined) {
      this.#held = false;
      this.#releasing = protection.release().catch(() => undefined);
    }
    await this.#releasing;
  }

  async #ask(protection: ScaleInProtection): Promise<void> {
    // Calls that overtake one another would leave the task unprotected while it works.
    await this.#releasing;
    const answer = await protection.acquire().catch(() => 'granted' as const);
    this.#asking = undefined;
    this.#held = answer === 'granted';
    if (!this.#held) {
      this.#options.onRefused();
      return;
    }
    this.#renewal = this.#options.clock.after(protection.renewEveryMs, () => {
      this.#asking = this.#ask(protection);
    });
    this.#options.onGranted();
  }
}
