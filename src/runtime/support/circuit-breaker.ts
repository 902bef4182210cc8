import CircuitBreaker from 'opossum';
import { OptionChecks } from './option-checks.js';

const MAX_RESET_SECONDS = 3_600;

export interface CircuitBreakerOptions {
  /** Share of failed requests, in percent, above which the circuit opens; 1 to 99. @default 50 */
  readonly failurePercentage?: number;
  /** Requests in ten seconds below which it never opens. @default 10 */
  readonly minimumJobs?: number;
  /** Seconds until one request is let through as a probe. @default 30 */
  readonly resetSeconds?: number;
}

/** Callbacks for the component that takes work, such as a poller. */
export interface CircuitBreakerEvents {
  /** The circuit opened: stop taking new work. */
  readonly onOpen: () => void;
  /** The circuit is half open or closed: take work again. */
  readonly onClose: () => void;
}

/** A component with its own circuit, such as an API client. */
export interface HasCircuit {
  /** Registers callbacks for state changes of the circuit. */
  onCircuit(events: CircuitBreakerEvents): void;
}

/** A circuit around calls of any kind: closed → open (calls wait) → half open (one probe call) → closed or open. */
export class Circuit {
  readonly #breaker: CircuitBreaker<[() => Promise<unknown>]>;
  readonly #waiting = new Set<() => void>();

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
    const release = () => {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      waiting.forEach((resume) => resume());
      onClose();
    };
    this.#breaker.on('open', onOpen).on('halfOpen', release).on('close', release);
  }

  /** Whether calls wait; while half open, one probe call runs. */
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
        // Rejected without having run: wait until the circuit is half open or closed.
        if (this.open) {
          await this.#untilReleased(signal);
        }
      }
    }
  }

  async #untilReleased(signal: AbortSignal | undefined): Promise<void> {
    let stop: () => void = () => undefined;
    await new Promise<void>((resolve, reject) => {
      stop = () => {
        this.#waiting.delete(resolve);
        reject(signal?.reason as Error);
      };
      this.#waiting.add(resolve);
      signal?.addEventListener('abort', stop, { once: true });
    }).finally(() => signal?.removeEventListener('abort', stop));
  }
}

function isRefusal(error: unknown): boolean {
  return CircuitBreaker.isOurError(error as Error) && (error as { code?: string }).code === 'EOPENBREAKER';
}
