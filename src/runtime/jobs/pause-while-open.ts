import type { QueuePoller } from '../queue/index.js';
import type { CircuitBreakerEvents } from '../support/circuit-breaker.js';
import type { Logger } from '../support/logger.js';

/** Pauses the poller while any of several circuits is open. Call the function once for each circuit. */
export function pauseWhileOpen(poller: () => QueuePoller, logger: Logger): () => CircuitBreakerEvents {
  const open = new Set<CircuitBreakerEvents>();
  return () => {
    const circuit = {
      onOpen: () => {
        logger.warn({}, 'a dependency of jobs is unavailable: no new messages are received until a probe succeeds');
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
