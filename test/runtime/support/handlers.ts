import { type JobContext, type JobHandler } from '../../../src/runtime/queue/index.js';

export interface ObservedHandler {
  readonly handler: JobHandler;
  readonly contexts: JobContext[];
  /** Reasons with which signals aborted. */
  readonly reasons: unknown[];
  /** Ends every run with success. */
  finish(): void;
}

/** A handler that runs until it is released, or fails as soon as its signal aborts. */
export function untilAborted(): ObservedHandler {
  const contexts: JobContext[] = [];
  const reasons: unknown[] = [];
  const finishers: (() => void)[] = [];
  const handler: JobHandler = async (_, context) => {
    contexts.push(context);
    await new Promise<void>((resolve, reject) => {
      finishers.push(resolve);
      context.signal.addEventListener('abort', () => {
        reasons.push(context.signal.reason);
        reject(context.signal.reason as Error);
      });
    });
  };
  return { handler, contexts, reasons, finish: () => finishers.forEach((finish) => finish()) };
}
