/**
 * Whose fault a failure is.
 *
 * - item: this file, row or message is wrong. It fails alone.
 * - world: a dependency denies, throttles, hangs or is unavailable. It uses up no attempt.
 * - unknown: anything else; attempts decide.
 */
export type Fault =
  | { readonly kind: 'item' }
  | {
      readonly kind: 'world';
      /** For people: `S3`, `database`, a host. One name stands for one dependency. */
      readonly dependency: string;
      /** Seconds that the dependency asked to wait. */
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: 'unknown' };

type Fields = Readonly<Record<string, unknown>>;

/** Errors wrap others; a chain that is longer, or a circle, ends here. */
const MAX_CAUSES = 8;
const UNKNOWN: Fault = { kind: 'unknown' };
const ITEM: Fault = { kind: 'item' };

/**
 * Decides by what failed, not by where: by the first error in the chain of causes that says it. It never throws,
 * whatever was thrown.
 */
export function faultOf(error: unknown): Fault {
  try {
    return faultOfChain(error, 0);
  } catch {
    // A property of the error threw.
    return UNKNOWN;
  }
}

function faultOfChain(error: unknown, depth: number): Fault {
  if (typeof error !== 'object' || error === null || depth > MAX_CAUSES) {
    return UNKNOWN;
  }
  const fields = error as Fields;
  const fault =
    ownFault(fields) ?? awsFault(fields) ?? databaseFault(fields) ?? httpFault(fields) ?? networkFault(fields);
  if (fault !== undefined) {
    return fault;
  }
  // A connection that was tried on several addresses fails with all of their errors.
  const causes: unknown[] = [fields.cause].concat(fields.errors);
  for (const cause of causes) {
    const found = faultOfChain(cause, depth + 1);
    if (found.kind !== 'unknown') {
      return found;
    }
  }
  return UNKNOWN;
}

/** Errors of this library say it themselves; by property, since a program can have two copies of the library. */
function ownFault({ code, dependency, retryAfterSeconds }: Fields): Fault | undefined {
  if (typeof code !== 'string' || !code.startsWith('ERR_')) {
    return undefined;
  }
  if (typeof dependency === 'string') {
    return world(dependency, typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined);
  }
  return code === 'ERR_POISON_MESSAGE' ? ITEM : code.startsWith('ERR_EXPORT_') ? UNKNOWN : undefined;
}

/** What the SDK itself takes for throttling is in `@smithy/service-error-classification`; services have more names. */
const AWS_THROTTLES =
  /Thrott|TooManyRequests|RequestLimitExceeded|ThroughputExceeded|SlowDown|BandwidthLimitExceeded|PriorRequestNotComplete|^LimitExceeded/;
/** Also clocks that differ and credentials that are about to be replaced: no file is to blame for them. */
const AWS_DENIES =
  /AccessDenied|NotAuthorized|UnauthorizedOperation|AuthFailure|ExpiredToken|TokenExpired|RequestExpired|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature|InvalidToken|RequestTimeTooSkewed|OptInRequired/;
/** A disabled key, and one that is to be deleted. */
const AWS_KEY = /^KMS|^Kms/;
/** The resource of everything, not that of one item. */
const AWS_GONE =
  /^NoSuchBucket$|ResourceNotFound|QueueDoesNotExist|NonExistentQueue|ClusterNotFound|StateMachineDoesNotExist|DBInstanceNotFound/;
const AWS_ITEM = /^(?:NoSuchKey|NoSuchVersion|InvalidObjectState)$/;
/** Errors of the SDK before or without an answer. */
const AWS_NO_ANSWER =
  /^(?:TimeoutError|RequestTimeout|NetworkingError|CredentialsProviderError|TokenProviderError|ProviderError)$/;

function awsFault(error: Fields): Fault | undefined {
  const name = typeof error.name === 'string' ? error.name : '';
  const metadata = error.$metadata as { readonly httpStatusCode?: unknown } | null | undefined;
  if (typeof metadata !== 'object' || metadata === null) {
    return AWS_NO_ANSWER.test(name) && name !== 'TimeoutError' ? world('AWS credentials') : undefined;
  }
  const status = Number(metadata.httpStatusCode ?? 0);
  const throttled = (error.$retryable as { readonly throttling?: boolean } | undefined)?.throttling === true;
  if (
    throttled ||
    isRefusal(status) ||
    [AWS_THROTTLES, AWS_DENIES, AWS_KEY, AWS_GONE, AWS_NO_ANSWER].some((pattern) => pattern.test(name))
  ) {
    return world(serviceOf(error));
  }
  if (AWS_ITEM.test(name)) {
    return ITEM;
  }
  return status === 0 ? networkFault(error, serviceOf(error)) : UNKNOWN;
}

/** `S3` for an error whose class extends `S3ServiceException`. */
function serviceOf(error: object): string {
  for (
    let type = Object.getPrototypeOf(error) as object | null;
    type !== null;
    type = Object.getPrototypeOf(type) as object | null
  ) {
    const found = /^(.+)ServiceException$/.exec(type.constructor.name);
    if (found !== null) {
      return found[1];
    }
  }
  return hostOf(error as Fields) ?? 'AWS';
}

/** Data exception, integrity constraint, check option of a view, program limit; exceptions that triggers raise. */
const SQL_ITEM = /^(?:22|23|44|54)...$|^(?:P0001|21000)$/;
/**
 * Connection exceptions, authorization, insufficient resources, operator intervention and system errors; a table or
 * database that is being migrated; read-only after a failover; a lock or statement that took too long.
 */
const SQL_WORLD = /^(?:08|28|53|57|58|F0|XX)...$|^(?:25006|25P03|3D000|3F000|42501|42P01|55006|55P03)$/;

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
function databaseFault({ code, severity, message }: Fields): Fault | undefined {
  if (typeof severity === 'string' && typeof code === 'string') {
    return SQL_ITEM.test(code) ? ITEM : SQL_WORLD.test(code) ? world('database') : UNKNOWN;
  }
  // `pg` reports these with a message only.
  return typeof message === 'string' &&
    /^(?:Connection terminated|timeout (?:expired|exceeded when trying to connect)|Client has encountered a connection error|Client was closed|Query read timeout)/.test(
      message,
    )
    ? world('database')
    : undefined;
}

/** Errors of HTTP clients have the status, or the response with it. */
function httpFault(error: Fields): Fault | undefined {
  const { status, statusCode, response } = error as Fields & { readonly response?: Fields };
  const found = [status, statusCode, response?.status, response?.statusCode].find((value) => typeof value === 'number');
  return found !== undefined && isRefusal(found) ? world(hostOf(error) ?? 'HTTP') : undefined;
}

/** Not signed in, not allowed, a proxy, a timeout, too early, too many; and everything that is the server's. */
function isRefusal(status: number): boolean {
  return [401, 403, 407, 408, 425, 429].includes(status) || status >= 500;
}

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EPROTO',
  'ERR_CALL_TIMEOUT',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'CERT_HAS_EXPIRED',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
]);

function networkFault(error: Fields, service?: string): Fault | undefined {
  const { code, syscall } = error;
  // A pipe to a child process breaks, too, but only a socket has an address.
  const brokenSocket = code === 'EPIPE' && syscall === 'write' && hostOf(error) !== undefined;
  return brokenSocket || NETWORK_CODES.has(String(code)) ? world(service ?? hostOf(error) ?? 'network') : undefined;
}

function hostOf({ hostname, host, address, port, config, url }: Fields): string | undefined {
  const requested = [url, (config as Fields | undefined)?.url].find((value) => typeof value === 'string');
  if (requested !== undefined && URL.canParse(requested)) {
    return new URL(requested).host;
  }
  const name = [hostname, host, address].find((value) => typeof value === 'string');
  return name === undefined || typeof port !== 'number' ? name : `${name}:${port}`;
}

function world(dependency: string, retryAfterSeconds?: number): Fault {
  return { kind: 'world', dependency, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}
