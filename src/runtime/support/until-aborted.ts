/**
 * Waits for a promise or for the signal, whichever settles first, so that a hanging operation does not delay a stop.
 * The promise itself is not cancelled, and its later result is ignored.
 *
 * @throws the reason of `signal`, or what the promise rejects with
 */
export async function untilAborted<T>(waited: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return waited;
  }
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort reason is whatever the caller gave
    stop = () => reject(signal.reason);
    if (signal.aborted) {
      stop();
    } else {
      signal.addEventListener('abort', stop, { once: true });
    }
  });
  try {
    return await Promise.race([waited, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * The items of `source` until the signal aborts. A loop that exits early waits for the source to close, unless it
 * exited because of the signal.
 */
export async function* itemsUntilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, void> {
  const items = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await untilAborted(items.next(), signal).catch((error: unknown) => {
      if (signal?.aborted === true) {
        items.return?.().catch(() => undefined);
      }
      throw error;
    });
    if (next.done === true) {
      return;
    }
    let exited = true;
    try {
      yield next.value;
      exited = false;
    } finally {
      if (exited) {
        await items.return?.();
      }
    }
  }
}
