import CircuitBreaker from 'opossum';
import { type AroundJob } from './job-info.js';
import { hasCode } from '../errors.js';

export interface CircuitBreakerOptions {
  /** Share of failed jobs, in percent, at which the circuit opens; 1 to 100. @default 50 */
  readonly failurePercentage?: number;
  /** Jobs in ten seconds below which it never opens. @default 10 */
  readonly minimumJobs?: number;
  /** Seconds until one job may try again. @default 30 */
  readonly resetSeconds?: number;
  /** The circuit opened: take no new work. */
  readonly onOpen: () => void;
  /** One job may try, or all is well again: take work. */
  readonly onClose: () => void;
}

/**
 * Stops taking work while most jobs fail, as when a database is away, instead of spending the attempts of every message on it. Jobs that
 * have started already wait, with their leases kept. Poison messages and `RetryLater` do not count as failures.
 *
 * ```ts
 * const breaker = circuitBreaker({ onOpen: () => poller.pause(), onClose: () => poller.resume() });
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions): AroundJob {
  const { failurePercentage = 50, minimumJobs = 10, resetSeconds = 30, onOpen, onClose } = options;
  const breaker = new CircuitBreaker((run: () => Promise<unknown>) => run(), {
    timeout: false,
    errorThresholdPercentage: failurePercentage,
    volumeThreshold: minimumJobs,
    resetTimeout: resetSeconds * 1_000,
    errorFilter: (error: unknown) => hasCode(error, 'ERR_POISON_MESSAGE') || hasCode(error, 'ERR_RETRY_LATER') || hasCode(error, 'ERR_SHUTDOWN'),
  });
  breaker.on('open', onOpen).on('halfOpen', onClose).on('close', onClose);
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
          await new Promise<void>((resolve) => {
            breaker.once('halfOpen', resolve).once('close', resolve);
          });
        }
      }
    }
  };
}

function isRefusal(error: unknown): boolean {
  return CircuitBreaker.isOurError(error as Error) && (error as { code?: string }).code === 'EOPENBREAKER';
}
