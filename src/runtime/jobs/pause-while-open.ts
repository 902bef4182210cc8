import type { QueuePoller } from '../queue/index.js';
import type { CircuitBreakerEvents } from '../support/circuit-breaker.js';
import type { Logger } from '../support/logger.js';

/** Pauses the poller while any of several circuits is open. Call it once for each circuit; `why` is for the log. */
export function pauseWhileOpen(poller: () => QueuePoller, logger: Logger): (why: string) => CircuitBreakerEvents {
  const open = new Set<CircuitBreakerEvents>();
  return (why) => {
    const circuit = {
      onOpen: () => {
        logger.warn({}, `${why}: no new messages are received until a probe succeeds`);
        open.add(circuit);
        poller().pause();
      },
      onClose: () => {
        open.delete(circuit);
        if (open.size > 0) {
          return;
        }
        logger.info({}, 'messages are received again after failures');
        poller().resume();
      },
    };
    return circuit;
  };
}

/** Log text for the circuit of a client, such as `ExportApiClient`. */
export const DEPENDENCY_UNAVAILABLE = 'a dependency of jobs is unavailable';
