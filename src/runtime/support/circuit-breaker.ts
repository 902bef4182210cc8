import CircuitBreaker from 'opossum';
import { type AroundJob } from './job-info.js';
import { OptionChecks } from './option-checks.js';
import { hasCode } from '../errors.js';

/** What says nothing about whether the next job can succeed. */
const NoFailures = ['ERR_POISON_MESSAGE', 'ERR_RETRY_LATER', 'ERR_SHUTDOWN', 'ERR_LEASE_LOST'] as const;
const MaxResetSeconds = 3_600;

export interface CircuitBreakerOptions {
  /** Share of failed jobs, in percent, above which the circuit opens; 1 to 99. @default 50 */
  readonly failurePercentage?: number;
  /** Jobs in ten seconds below which it never opens. @default 10 */
  readonly minimumJobs?: number;
  /** Seconds until one job may try again. @default 30 */
  readonly resetSeconds?: number;
}

/** Who takes the work, such as a poller. */
export interface CircuitBreakerEvents {
  /** The circuit opened: take no new work. */
  readonly onOpen: () => void;
  /** One job may try, or all is well again: take work. */
  readonly onClose: () => void;
}

/**
 * Stops taking work while most jobs fail, as when a database is away, instead of spending the attempts of every message on it. Jobs that
 * come while the circuit is open wait, with their leases kept; when one is aborted meanwhile its handler never starts. Poison messages,
 * `RetryLater`, lost leases and shutdowns do not count as failures.
 *
 * `runWorker` does this with its option `circuitBreaker`. With a poller of your own:
 *
 * ```ts
 * const aroundJob = circuitBreaker({ failurePercentage: 80 }, { onOpen: () => poller.pause(), onClose: () => poller.resume() });
 * const poller = new QueuePoller({ queues, aroundJob });
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions, { onOpen, onClose }: CircuitBreakerEvents): AroundJob {
  const { failurePercentage = 50, minimumJobs = 10, resetSeconds = 30 } = options;
  const checks = new OptionChecks();
  checks.number('failurePercentage', failurePercentage, { min: 1, max: 99 });
  checks.number('minimumJobs', minimumJobs, { min: 1, max: 100_000, integer: true });
  checks.number('resetSeconds', resetSeconds, { min: 0.001, max: MaxResetSeconds });
  checks.done();
  const breaker = new CircuitBreaker((run: () => Promise<unknown>) => run(), {
    timeout: false,
    errorThresholdPercentage: failurePercentage,
    volumeThreshold: minimumJobs,
    resetTimeout: resetSeconds * 1_000,
    errorFilter: (error: unknown) => NoFailures.some((code) => hasCode(error, code)),
  });
  const held: (() => void)[] = [];
  const letGo = () => {
    held.splice(0).forEach((go) => go());
    onClose();
  };
  breaker.on('open', onOpen).on('halfOpen', letGo).on('close', letGo);
  return async (_, run) => {
    for (;;) {
      try {
        return await breaker.fire(run);
      } catch (error) {
        if (!isRefusal(error)) {
          throw error;
        }
        // Refused without having run: wait for the circuit to let one job try, or to close.
        if (!breaker.closed) {
          await new Promise<void>((resolve) => held.push(resolve));
        }
      }
    }
  };
}

function isRefusal(error: unknown): boolean {
  return CircuitBreaker.isOurError(error as Error) && (error as { code?: string }).code === 'EOPENBREAKER';
}
