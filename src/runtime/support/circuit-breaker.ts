import CircuitBreaker from 'opossum';
import { type AroundJob } from './job-info.js';
import { OptionChecks } from './option-checks.js';
import { hasCode } from '../errors.js';

/** What says nothing about whether the next job can succeed. */
const NO_FAILURES = ['ERR_POISON_MESSAGE', 'ERR_RETRY_LATER', 'ERR_SHUTDOWN', 'ERR_LEASE_LOST'] as const;
const MAX_RESET_SECONDS = 3_600;

export interface CircuitBreakerOptions {
  /**
   * Share of failed jobs (of an API client: requests), in percent, above which the circuit opens; 1 to 99. @default 50
   */
  readonly failurePercentage?: number;
  /** Jobs or requests in ten seconds below which it never opens. @default 10 */
  readonly minimumJobs?: number;
  /** Seconds until one job or request may try again. @default 30 */
  readonly resetSeconds?: number;
}

/** Who takes the work, such as a poller. */
export interface CircuitBreakerEvents {
  /** The circuit opened: take no new work. */
  readonly onOpen: () => void;
  /** One job may try, or all is well again: take work. */
  readonly onClose: () => void;
}

/** Something with a circuit of its own, such as the client of an API. */
export interface HasCircuit {
  /** Has the circuit tell, from now on. */
  onCircuit(events: CircuitBreakerEvents): void;
}

/**
 * Stops taking work while most jobs fail, as when a database is away, instead of spending the attempts of every message
 * on it. Jobs that
 * come while the circuit is open wait, with their leases kept; when one is aborted meanwhile its handler never starts.
 * Poison messages,
 * `RetryLater`, lost leases and shutdowns do not count as failures.
 *
 * `runWorker` does this with its option `circuitBreaker`. With a poller of your own:
 *
 * ```ts
 * const aroundJob = circuitBreaker(
 *   { failurePercentage: 80 },
 *   { onOpen: () => poller.pause(), onClose: () => poller.resume() },
 * );
 * const poller = new QueuePoller({ queues, aroundJob });
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions, events: CircuitBreakerEvents): AroundJob {
  const circuit = new Circuit(options, events, (error) => !NO_FAILURES.some((code) => hasCode(error, code)));
  return (_, run) => circuit.run(run);
}

/** A circuit around calls of any kind: closed → open (calls wait) → half open (one call tries) → closed or open. */
export class Circuit {
  readonly #breaker: CircuitBreaker<[() => Promise<unknown>]>;
  readonly #held = new Set<() => void>();

  /** @throws ConfigurationError naming each option that is out of its range */
  constructor(
    options: CircuitBreakerOptions,
    { onOpen, onClose }: CircuitBreakerEvents,
    isFailure: (error: unknown) => boolean,
  ) {
    const { failurePercentage = 50, minimumJobs = 10, resetSeconds = 30 } = options;
    const checks = new OptionChecks();
    checks.number('failurePercentage', failurePercentage, { min: 1, max: 99 });
    checks.number('minimumJobs', minimumJobs, { min: 1, max: 100_000, integer: true });
    checks.number('resetSeconds', resetSeconds, { min: 0.001, max: MAX_RESET_SECONDS });
    checks.done();
    this.#breaker = new CircuitBreaker((run: () => Promise<unknown>) => run(), {
      timeout: false,
      errorThresholdPercentage: failurePercentage,
      volumeThreshold: minimumJobs,
      resetTimeout: resetSeconds * 1_000,
      errorFilter: (error: unknown) => !isFailure(error),
    });
    const letGo = () => {
      const held = [...this.#held];
      this.#held.clear();
      held.forEach((go) => go());
      onClose();
    };
    this.#breaker.on('open', onOpen).on('halfOpen', letGo).on('close', letGo);
  }

  /** Calls wait, but for the one that tries. */
  get open(): boolean {
    return !this.#breaker.closed;
  }

  /** @throws what the call throws, or the reason of `signal` when it aborts during the wait for the circuit */
  async run<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      signal?.throwIfAborted();
      try {
        return (await this.#breaker.fire(call)) as T;
      } catch (error) {
        if (!isRefusal(error)) {
          throw error;
        }
        // Refused without having run: wait for the circuit to let one call try, or to close.
        if (this.open) {
          await this.#letGo(signal);
        }
      }
    }
  }

  async #letGo(signal: AbortSignal | undefined): Promise<void> {
    let stop: () => void = () => undefined;
    await new Promise<void>((resolve, reject) => {
      stop = () => {
        this.#held.delete(resolve);
        reject(signal?.reason as Error);
      };
      this.#held.add(resolve);
      signal?.addEventListener('abort', stop, { once: true });
    }).finally(() => signal?.removeEventListener('abort', stop));
  }
}

function isRefusal(error: unknown): boolean {
  return CircuitBreaker.isOurError(error as Error) && (error as { code?: string }).code === 'EOPENBREAKER';
}
