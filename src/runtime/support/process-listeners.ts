export interface ProcessListeners {
  /** SIGTERM or SIGINT came. */
  readonly onSignal: (signal: NodeJS.Signals) => void;
  /** Something was thrown that nobody caught. */
  readonly onException: (error: unknown) => void;
}

/** Listens to what ends a process. Returns a function that stops listening. */
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
