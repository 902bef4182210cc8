export interface ProcessListeners {
  /** Called on SIGTERM or SIGINT. */
  readonly onSignal: (signal: NodeJS.Signals) => void;
  /** Called on an uncaught exception or an unhandled rejection. */
  readonly onException: (error: unknown) => void;
}

/** Listens for termination signals and uncaught errors. Returns a function that removes the listeners. */
export function listenToProcess({ onSignal, onException }: ProcessListeners): () => void {
  process
    .on('SIGTERM', onSignal)
    .on('SIGINT', onSignal)
    .on('uncaughtException', onException)
    .on('unhandledRejection', onException);
  return () => {
    process
      .off('SIGTERM', onSignal)
      .off('SIGINT', onSignal)
      .off('uncaughtException', onException)
      .off('unhandledRejection', onException);
  };
}
