let isTolerated = false;

/**
 * Keeps the process running when the reader of its standard output or error is gone: what it writes from then on is
 * discarded. Without a listener, writing to a closed pipe is an uncaught exception, and a worker would stop because of
 * its log.
 */
export function tolerateClosedOutput(): void {
  if (!isTolerated) {
    isTolerated = true;
    [process.stdout, process.stderr].forEach((stream) => stream.on('error', () => undefined));
  }
}
