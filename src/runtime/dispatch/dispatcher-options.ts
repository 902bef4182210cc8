import { type Limits } from './limits.js';
import { type DispatchStore } from './store.js';

export interface DispatcherOptions {
  readonly store: DispatchStore;
  /** Schedules `tick(id)` after a delay. Best effort: it may be lost, repeated or early. */
  readonly wake: (id: string, delayMs: number) => Promise<void>;
  /** Milliseconds since 1970; determines only when to check, never the outcome. Default: `Date.now`. */
  readonly now?: () => number;
  /**
   * Limits of concurrently running files across sequences. Files without a sequence are not limited. Default: no
   * limits.
   */
  readonly limits?: Limits;
  /** Random numbers from 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}
