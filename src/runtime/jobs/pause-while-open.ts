import type { QueuePoller } from '../queue/index.js';
import type { CircuitBreakerEvents } from '../support/circuit-breaker.js';
import type { Logger } from '../support/logger.js';

/** Pauses the poller while any of several circuits is open. Each call is for one of them; `why` is for the log. */
export function pauseWhileOpen(poller: () => QueuePoller, logger: Logger): (why: string) => CircuitBreakerEvents {
  const open = new Set<CircuitBreakerEvents>();
  return (why) => {
    const circuit = {
      onOpen: () => {
        logger.warn({}, `${why}: no new work is taken until one attempt succeeds`);
        open.add(circuit);
        poller().pause();
      },
      onClose: () => {
        open.delete(circuit);
        if (open.size > 0) {
          return;
        }
        logger.info({}, 'work is taken again after failures');
        poller().resume();
      },
    };
    return circuit;
  };
}

/** What the log says of a client of its own circuit, such as `ExportApiClient`. */
export const CLIENT_IS_AWAY = 'what jobs need is not available';
