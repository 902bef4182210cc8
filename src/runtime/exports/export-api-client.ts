import { createHash } from 'node:crypto';
import { bounded } from '../support/bounded.js';
import {
  Circuit,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  type HasCircuit,
} from '../support/circuit-breaker.js';
import { type Clock, sleep, systemClock } from '../support/clock.js';
import { OptionChecks } from '../support/option-checks.js';
import { hasCode } from '../errors.js';
import type { ExportCredentials, RequestHeaders } from './credentials.js';
import { ExportApiError, refusalOf } from './export-api-error.js';
import { Origins } from './origins.js';
import type { Pagination } from './pagination.js';
import { type RetryOptions, retryAfterOf, retryDelay } from './retry-delay.js';
import type { RateLimit } from './shared-rate-limit.js';

export interface ExportApiClientOptions extends RetryOptions {
  /**
   * Where the API is; paths are resolved against it. Credentials, rate limit and circuit breaker are for its origin
   * alone.
   */
  readonly baseUrl: string | URL;
  /**
   * Other origins that files may be downloaded from, such as `https://exports.s3.eu-central-1.amazonaws.com`. @default
   * - that of the API only
   */
  readonly downloadOrigins?: readonly string[];
  /** @default - none */
  readonly credentials?: ExportCredentials;
  /** @default - as fast as the API answers */
  readonly rateLimit?: RateLimit;
  /** Seconds until an answer must have begun, and a page must have come; more than 0. @default 30 */
  readonly timeoutSeconds?: number;
  /** Bytes of a page, which is held in memory; at least 1. @default 16 MiB */
  readonly maxPageBytes?: number;
  /** Pages of one list; at least 1. @default 100_000 */
  readonly maxPages?: number;
  /** When requests wait for the API to recover. @default - see CircuitBreakerOptions */
  readonly circuitBreaker?: CircuitBreakerOptions;
  /** Told about each answer of the API, for metrics. @default - nobody */
  readonly onAnswer?: (answer: { readonly ms: number; readonly status: number | undefined }) => void;
  /** Makes the requests. @default - the global fetch */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

export interface RequestOptions {
  /** Sent beside the credentials. @default - none */
  readonly headers?: RequestHeaders;
  readonly signal?: AbortSignal;
}

export interface PagesOptions extends RequestOptions {
  readonly pagination: Pagination;
  /** `next` of the last page that was done with, to go on behind it. @default - from the beginning */
  readonly from?: string;
  /**
   * What tells two items apart, though their links may differ from answer to answer. @default - property `id`, else all
   * of the item
   */
  readonly idOf?: (item: unknown) => string;
}

export interface ExportPage {
  readonly items: readonly unknown[];
  /** Where the next page begins: what to save when this one is done with. Undefined on the last page. */
  readonly next: string | undefined;
}

/**
 * Asks an Export API, kindly: at a rate that tasks share, again only after a while, and not at all while it is down.
 *
 * A request waits for the circuit, then for its place in the rate limit; an answer of 408, 425, 429 or 5xx, a broken
 * connection or a timeout has it made
 * again after a random time, or after what `Retry-After` says; 401 has the credentials read again. Only GET is made, so
 * repeating is safe.
 *
 * While the circuit is open, requests wait until one that tries succeeds or their signal aborts, and no attempt is
 * counted. Have the worker take no new work
 * meanwhile: `runWorker(handler, { circuits: [client] })`.
 */
export class ExportApiClient implements HasCircuit {
  readonly #options: Required<
    Omit<
      ExportApiClientOptions,
      'downloadOrigins' | 'credentials' | 'rateLimit' | 'onAnswer' | 'baseUrl' | 'circuitBreaker'
    >
  > &
    Pick<ExportApiClientOptions, 'credentials' | 'rateLimit' | 'onAnswer'>;

  readonly #origins: Origins;
  readonly #circuit: Circuit;
  readonly #listeners: CircuitBreakerEvents[] = [];

  /** @throws ConfigurationError naming each option that is out of its range */
  constructor(options: ExportApiClientOptions) {
    this.#options = {
      ...options,
      timeoutSeconds: options.timeoutSeconds ?? 30,
      maxPageBytes: options.maxPageBytes ?? 16 * 1024 * 1024,
      maxPages: options.maxPages ?? 100_000,
      maxAttempts: options.maxAttempts ?? 5,
      retryDelayMs: options.retryDelayMs ?? 200,
      maxRetryDelayMs: options.maxRetryDelayMs ?? 20_000,
      maxRetryAfterSeconds: options.maxRetryAfterSeconds ?? 120,
      fetch: options.fetch ?? fetch,
      clock: options.clock ?? systemClock,
    };
    const checks = new OptionChecks();
    const { timeoutSeconds, maxPageBytes, maxPages, maxAttempts, retryDelayMs, maxRetryDelayMs, maxRetryAfterSeconds } =
      this.#options;
    checks.number('timeoutSeconds', timeoutSeconds, { min: 0.001, max: 3_600 });
    for (const [name, value] of Object.entries({ maxPageBytes, maxPages, maxAttempts })) {
      checks.number(name, value, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
    }
    for (const [name, value] of Object.entries({ retryDelayMs, maxRetryDelayMs })) {
      checks.number(name, value, { min: 0, max: 3_600_000 });
    }
    checks.number('maxRetryAfterSeconds', maxRetryAfterSeconds, { min: 0, max: 43_200 });
    checks.done();
    this.#origins = new Origins(options.baseUrl, options.downloadOrigins ?? []);
    const tell = (event: keyof CircuitBreakerEvents) => () => this.#listeners.forEach((listener) => listener[event]());
    // 429 says that the API is well, and for how long not to ask it: that is the rate limit's business.
    this.#circuit = new Circuit(
      options.circuitBreaker ?? {},
      { onOpen: tell('onOpen'), onClose: tell('onClose') },
      (error) => hasCode<ExportApiError>(error, 'ERR_EXPORT_UNAVAILABLE') && error.status !== 429,
    );
  }

  /** Whether requests wait for the API to recover. */
  get circuitOpen(): boolean {
    return this.#circuit.open;
  }

  /** Has the circuit tell when it opens, and when one request may try or all is well again. */
  onCircuit(events: CircuitBreakerEvents): void {
    this.#listeners.push(events);
  }

  /** Attempts and waits of this client, for those that go on with a broken download. */
  get retry(): Required<RetryOptions> & { readonly idleTimeoutMs: number } {
    const { maxAttempts, retryDelayMs, maxRetryDelayMs, maxRetryAfterSeconds, timeoutSeconds } = this.#options;
    return { maxAttempts, retryDelayMs, maxRetryDelayMs, maxRetryAfterSeconds, idleTimeoutMs: timeoutSeconds * 1_000 };
  }

  /**
   * Makes a request whose body the caller reads. The time limit ends with the headers; `signal` also ends the body.
   *
   * @param address a path of the API, or an address in one of the origins that are allowed
   * @throws ExportApiError unless the answer is 2xx, or 416, which only says that a range is not there
   */
  get(address: string | URL, options: RequestOptions = {}): Promise<Response> {
    return this.#request(this.resolve(address), options, (response) => Promise.resolve(response));
  }

  /** `get` in the form of the global `fetch`, for `httpSource`. */
  readonly fetch: typeof fetch = (input, init) =>
    this.get(input instanceof Request ? input.url : input, {
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(init?.signal !== null && init?.signal !== undefined && { signal: init.signal }),
    });

  /** The address that `get` asks. @throws ExportApiError with `ERR_EXPORT_URL` for one that it does not ask */
  resolve(address: string | URL): URL {
    return this.#origins.resolve(address);
  }

  /** Makes a request for JSON. @throws ExportApiError */
  async json(address: string | URL, options: RequestOptions = {}): Promise<unknown> {
    return (await this.#page(this.resolve(address), options)).body;
  }

  /**
   * The pages of a list, one at a time; nothing is asked for ahead.
   *
   * A list that comes back to a place where it was, or to the items of the page before, is an error before that page is
   * handed out: with pages by offset,
   * items would be lost. Read on from the last saved place later. An item may still come twice, so items need ids of
   * their own.
   *
   * @throws ExportApiError
   */
  async *pages(
    address: string | URL,
    { pagination, from, idOf = idOfItem, ...options }: PagesOptions,
  ): AsyncGenerator<ExportPage, void, void> {
    const { maxPages } = this.#options;
    const list = this.resolve(address);
    const seen = new Set([from]);
    let before: string | undefined;
    for (let place = from; ;) {
      const url = this.resolve(pagination.urlOf(list, place));
      const { page, ids } = readPage(pagination, { url, ...(await this.#page(url, options)), from: place }, idOf);
      if ((page.next !== undefined && seen.has(page.next)) || (ids === before && page.items.length > 0)) {
        throw new ExportApiError('ERR_EXPORT_PAGES_REPEAT', 'the pages of the list repeat', { url });
      }
      if (seen.size > maxPages) {
        throw new ExportApiError('ERR_EXPORT_PAGES_REPEAT', `more than ${maxPages} pages, which \`maxPages\` allows`, {
          url,
        });
      }
      before = ids;
      yield page;
      if (page.next === undefined) {
        return;
      }
      place = page.next;
      seen.add(place);
    }
  }

  async #page(url: URL, options: RequestOptions): Promise<{ readonly headers: Headers; readonly body: unknown }> {
    const { headers, bytes } = await this.#request(
      url,
      { ...options, headers: { accept: 'application/json', ...options.headers } },
      async (response) => {
        const pieces: Uint8Array[] = [];
        let length = 0;
        for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
          length += piece.byteLength;
          if (length > this.#options.maxPageBytes) {
            throw new ExportApiError(
              'ERR_EXPORT_PAGE',
              `more than ${this.#options.maxPageBytes} bytes, which \`maxPageBytes\` allows`,
              { url },
            );
          }
          pieces.push(piece);
        }
        return { headers: response.headers, bytes: Buffer.concat(pieces) };
      },
    );
    try {
      return { headers, body: JSON.parse(bytes.toString('utf8')) };
    } catch (cause) {
      throw new ExportApiError('ERR_EXPORT_PAGE', 'the answer is not JSON', { url, cause });
    }
  }

  async #request<T>(url: URL, options: RequestOptions, read: (response: Response) => Promise<T>): Promise<T> {
    const { maxAttempts, maxRetryAfterSeconds, clock } = this.#options;
    const { signal } = options;
    for (let attempt = 1; ;) {
      const failure = await this.#once(url, options, read).catch((error: unknown) => {
        signal?.throwIfAborted();
        if (!hasCode<ExportApiError>(error, 'ERR_EXPORT_UNAVAILABLE')) {
          throw error;
        }
        return new Failure(error);
      });
      if (!(failure instanceof Failure)) {
        return failure;
      }
      const { retryAfterSeconds = 0 } = failure.error;
      if (attempt >= maxAttempts || retryAfterSeconds > maxRetryAfterSeconds) {
        throw failure.error;
      }
      await sleep(clock, retryDelay(attempt, this.retry, retryAfterSeconds), signal);
      signal?.throwIfAborted();
      if (!this.#circuit.open) {
        attempt += 1;
      }
    }
  }

  /** One attempt, with redirects, and with credentials that may have been renewed. */
  async #once<T>(first: URL, options: RequestOptions, read: (response: Response) => Promise<T>): Promise<T> {
    const { credentials } = this.#options;
    let renewed = false;
    let url = first;
    for (let redirects = 0; redirects <= 5;) {
      const own = this.#origins.isOwn(url);
      const proof = own ? await credentials?.headers() : undefined;
      const send = (): Promise<T | NotYet> =>
        this.#send(url, own, { ...options, headers: { ...options.headers, ...proof } }, read);
      const answer = own ? await this.#circuit.run(send, options.signal) : await send();
      if (!(answer instanceof NotYet)) {
        return answer;
      }
      if (answer.location !== undefined) {
        // By hand: fetch would send credentials other than `authorization` on to any origin.
        url = this.#origins.resolve(new URL(answer.location, url));
        redirects += 1;
      } else {
        if (renewed || proof === undefined || (await credentials?.renew(proof)) !== true) {
          throw refusalOf(url, 401);
        }
        renewed = true;
      }
    }
    throw new ExportApiError('ERR_EXPORT_REFUSED', 'more than 5 redirects', { url: first });
  }

  async #send<T>(
    url: URL,
    own: boolean,
    { headers, signal }: RequestOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T | NotYet> {
    const { rateLimit, timeoutSeconds, clock, onAnswer } = this.#options;
    if (own) {
      await rateLimit?.take(signal);
    }
    const began = clock.now();
    let status: number | undefined;
    try {
      return await bounded(
        {
          clock,
          timeoutMs: timeoutSeconds * 1_000,
          what: `${url.origin}${url.pathname}`,
          ...(signal !== undefined && { signal }),
        },
        async (limit) => {
          // The limit ends with the headers; the caller's signal goes on to end the body.
          const both = signal === undefined ? limit : AbortSignal.any([limit, signal]);
          const response = await this.#options.fetch(url, {
            headers: { ...headers },
            redirect: 'manual',
            signal: both,
          });
          ({ status } = response);
          if (response.ok || status === 416) {
            return read(response);
          }
          await response.body?.cancel();
          const location = status >= 300 && status < 400 ? response.headers.get('location') : null;
          if (location !== null || (own && status === 401)) {
            return new NotYet(location ?? undefined);
          }
          throw refusalOf(url, status, retryAfterOf(response.headers, clock.date()));
        },
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ExportApiError)) {
        throw new ExportApiError('ERR_EXPORT_UNAVAILABLE', 'no answer', { url, status, cause: error });
      }
      if (own && error.retryAfterSeconds !== undefined) {
        await rateLimit?.pause(error.retryAfterSeconds * 1_000);
      }
      throw error;
    } finally {
      if (own) {
        onAnswer?.({ ms: clock.now() - began, status });
      }
    }
  }
}

function idOfItem(item: unknown): string {
  const { id } = (item ?? {}) as { readonly id?: unknown };
  return typeof id === 'string' || typeof id === 'number' ? String(id) : JSON.stringify(item);
}

/** An answer that asks for another request: elsewhere, or with other credentials. */
class NotYet {
  constructor(readonly location: string | undefined) {}
}

class Failure {
  constructor(readonly error: ExportApiError) {}
}

/** A page, and what tells it apart from others. */
function readPage(
  pagination: Pagination,
  answer: Parameters<Pagination['read']>[0],
  idOf: (item: unknown) => string,
): { readonly page: ExportPage; readonly ids: string } {
  try {
    const page = pagination.read(answer);
    return {
      page,
      ids: createHash('sha256')
        .update(JSON.stringify(page.items.map(idOf)))
        .digest('base64'),
    };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ExportApiError('ERR_EXPORT_PAGE', `the page has not the shape that was expected: ${problem}`, {
      url: answer.url,
      cause,
    });
  }
}
