/**
 * Base class of all errors of the runtime.
 *
 * Match on `code`, which is stable; messages may be reworded in any release.
 */
export abstract class FileworksError extends Error {
  /** Stable error code, for example `ERR_LEASE_LOST`. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Throw it from a handler to make the message visible again after a given time. */
export class RetryLater extends FileworksError {
  readonly code = 'ERR_RETRY_LATER';
  /** Seconds until the message becomes visible again. */
  readonly seconds: number;

  /**
   * @param options.seconds 0 to 43200; shortened if less remains of the 12 hours that a message can be invisible
   * @param options.reason written to the log
   */
  constructor(options: { readonly seconds: number; readonly reason?: string; readonly cause?: unknown }) {
    if (!Number.isFinite(options.seconds) || options.seconds < 0 || options.seconds > 43_200) {
      throw new RangeError(
        `Expected \`seconds\` of RetryLater to be a number from 0 to 43200, got: ${String(options.seconds)}`,
      );
    }
    super(options.reason ?? `retry in ${options.seconds} s`, { cause: options.cause });
    this.seconds = options.seconds;
  }
}

/**
 * Throw it from a handler when a retry cannot succeed: the message is sent to the dead-letter queue at once.
 *
 * The reason becomes the message attribute `fileworks-poison-reason`; it must not contain secrets.
 */
export class PoisonMessage extends FileworksError {
  readonly code = 'ERR_POISON_MESSAGE';
}

/** The dependency may answer much earlier than it said. */
const MAX_RETRY_AFTER_SECONDS = 900;

/**
 * Throw it from a handler when a dependency denies, throttles or does not answer, and its own error does not say so:
 * the job uses up no attempt, and the worker takes no new jobs of the queue until a probe succeeds.
 *
 * Errors of AWS SDKs, of PostgreSQL and of the network, and HTTP statuses such as 401, 429 and 503, are recognized
 * without it, also as the `cause` of another error.
 */
export class DependencyUnavailable extends FileworksError {
  readonly code = 'ERR_DEPENDENCY_UNAVAILABLE';
  /** Seconds that the dependency asked to wait; the first probe comes no earlier. */
  readonly retryAfterSeconds: number | undefined;

  /**
   * @param dependency name of the dependency for logs, metrics and `fileworks status`, 1 to 100 characters
   * @param options.retryAfterSeconds at least 0; more than 900 counts as 900, and what is no number as absent, since it
   * often comes from a header of the dependency
   * @param options.reason written to the log
   */
  constructor(
    readonly dependency: string,
    options: { readonly retryAfterSeconds?: number; readonly reason?: string; readonly cause?: unknown } = {},
  ) {
    const { retryAfterSeconds, reason = `${dependency} is unavailable`, cause } = options;
    if (typeof dependency !== 'string' || dependency.trim() === '' || dependency.length > 100) {
      throw new RangeError(
        `Expected \`dependency\` of DependencyUnavailable to have 1 to 100 characters, got: '${dependency}'`,
      );
    }
    super(reason, { cause });
    this.retryAfterSeconds =
      retryAfterSeconds === undefined || Number.isNaN(retryAfterSeconds)
        ? undefined
        : Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(0, retryAfterSeconds));
  }
}

/**
 * Base class of the abort reasons of a job's signal. Its name is `AbortError`, the name of abort errors in Node.js and
 * browsers.
 */
export abstract class JobAborted extends FileworksError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AbortError';
  }
}

/** Why a lease was, or is about to be, lost. */
export type LeaseLossCause =
  /** The visibility timeout ran out before it could be extended: SQS was unreachable or the event loop was blocked. */
  | 'expired'
  /** SQS reports that the receipt handle is no longer valid. */
  | 'gone'
  /** The 12 hour limit of SQS is almost reached; `ctx.handOff()` still works. */
  | 'limit';

/** Another worker has received the message, or will receive it soon: stop, the result of this handler is discarded. */
export class LeaseLost extends JobAborted {
  readonly code = 'ERR_LEASE_LOST';

  constructor(
    readonly reason: LeaseLossCause,
    messageId: string,
  ) {
    super(
      `lease of message ${messageId} ${reason === 'limit' ? 'reaches the 12 hour limit of SQS' : `lost: ${reason}`}`,
    );
  }
}

/** The handler ran longer than its timeout. The message is retried. */
export class HandlerTimeout extends JobAborted {
  readonly code = 'ERR_HANDLER_TIMEOUT';

  constructor(
    readonly timeoutSeconds: number,
    messageId: string,
  ) {
    super(`handler of message ${messageId} ran longer than ${timeoutSeconds} s`);
  }
}

/** The worker stops and the job cannot finish in time. The message is released at once. */
export class Shutdown extends JobAborted {
  readonly code = 'ERR_SHUTDOWN';

  constructor(messageId: string) {
    super(`worker stops before message ${messageId} is finished`);
  }
}

/** `ctx.handOff()` cannot continue this job as a new message. */
export class HandOffRefused extends FileworksError {
  readonly code = 'ERR_HAND_OFF_REFUSED';
}

/** The configuration is invalid. Contains every problem, not only the first. */
export class ConfigurationError extends FileworksError {
  readonly code = 'ERR_CONFIGURATION';

  constructor(readonly problems: readonly string[]) {
    super(`configuration is invalid:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  }
}

/** A call did not complete within its time limit. */
export class CallTimeout extends FileworksError {
  readonly code = 'ERR_CALL_TIMEOUT';
}

/**
 * Matches errors by code and not by class, because an application can load the runtime twice, by `import` and by
 * `require`.
 */
export function hasCode<E extends FileworksError>(error: unknown, code: E['code']): error is E {
  try {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
  } catch {
    // Anything can be thrown, such as a proxy or an object with a getter that throws.
    return false;
  }
}
