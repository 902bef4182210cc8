import { createHash } from 'node:crypto';
import { bounded } from '../support/bounded.js';
import { type Clock, sleep, systemClock } from '../support/clock.js';
import { OptionChecks } from '../support/option-checks.js';
import { messageOf } from '../support/thrown.js';
import { type DependencyUnavailable, hasCode } from '../errors.js';
import type { ExportCredentials, RequestHeaders } from './credentials.js';
import { ExportApiError, refusalOf } from './export-api-error.js';
import { Origins } from './origins.js';
import { extended, NO_PAGES, type PageTrail } from './page-trail.js';
import { parsePage } from './page-text.js';
import type { Pagination } from './pagination.js';
import { type RetryOptions, retryAfterOf, retryDelay } from './retry-delay.js';
import type { RateLimit } from './shared-rate-limit.js';

/** A request holds the slot of its job: an API that does not answer in time is asked only once more. */
const MAX_UNANSWERED = 2;

export interface ExportApiClientOptions extends RetryOptions {
  /**
   * Base URL of the API, against which paths are resolved. Credentials and rate limit apply to its origin only. With
   * credentials it starts with `https:`, except on this machine.
   */
  readonly baseUrl: string | URL;
  /**
   * Other origins that files may be downloaded from, such as `https://exports.s3.eu-central-1.amazonaws.com`. @default
   * - only the origin of the API
   */
  readonly downloadOrigins?: readonly string[];
  /** @default - none */
  readonly credentials?: ExportCredentials;
  /** @default - unlimited */
  readonly rateLimit?: RateLimit;
  /** Time limit in seconds for response headers, and for a whole page; more than 0. @default 30 */
  readonly timeoutSeconds?: number;
  /** Maximum bytes of a page, which is held in memory; at least 1. @default 16 MiB */
  readonly maxPageBytes?: number;
  /** Maximum pages of one list; at least 1. @default 100_000 */
  readonly maxPages?: number;
  /**
   * Which further responses say that the API is unavailable. Without it, these are HTTP 408, 425, 429, 5xx and 204, and
   * web pages with HTTP 200, such as a page to sign in. @default - no others
   */
  readonly retryWhen?: (answer: ExportAnswer) => boolean;
  /** Called after each request to the API, for metrics. @default - none */
  readonly onAnswer?: (answer: { readonly ms: number; readonly status: number | undefined }) => void;
  /** Makes the requests. @default - the global fetch */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

/** A response, before its body is read. */
export interface ExportAnswer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
}

export interface RequestOptions {
  /** Additional headers. @default - none */
  readonly headers?: RequestHeaders;
  readonly signal?: AbortSignal;
}

export interface PagesOptions extends RequestOptions {
  readonly pagination: Pagination;
  /** `next` of the last processed page, to continue after it. @default - from the beginning */
  readonly from?: string;
  /** `trail` of the last processed page, so that pages which repeat are recognized. @default - no pages were read */
  readonly trail?: PageTrail;
  /**
   * Identifies an item, even if its links differ between responses. @default - property `id`, otherwise the whole item
   */
  readonly idOf?: (item: unknown) => string;
}

export interface ExportPage {
  readonly items: readonly unknown[];
  /** Position of the next page, to be saved after this page was processed. Undefined on the last page. */
  readonly next: string | undefined;
  /** The pages up to this one, to be saved with `next`. */
  readonly trail: PageTrail;
}

/**
 * Client of an Export API, with a rate limit shared by tasks, and retries with backoff.
 *
 * A request is retried after 408, 425, 429 or 5xx, a web page or nothing in place of data, a broken connection or a
 * timeout, with a random delay in addition to `Retry-After`. After 401 the credentials are read again. Only GET
 * requests are made, so retries are safe.
 *
 * When every attempt of a request has failed, later ones get a single attempt until one succeeds. Their
 * `ERR_EXPORT_UNAVAILABLE` makes the jobs of a worker wait for the API, without a slot and without an attempt.
 */
export class ExportApiClient {
  readonly #options: Required<
    Omit<ExportApiClientOptions, 'downloadOrigins' | 'credentials' | 'rateLimit' | 'onAnswer' | 'baseUrl' | 'retryWhen'>
  > &
    Pick<ExportApiClientOptions, 'credentials' | 'rateLimit' | 'onAnswer' | 'retryWhen'>;

  readonly #origins: Origins;
  /** Origins whose last request failed in every attempt. */
  readonly #unavailable = new Set<string>();

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
      maxRetryAfterSeconds: options.maxRetryAfterSeconds ?? 900,
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
    checks.number('maxRetryAfterSeconds', maxRetryAfterSeconds, { min: 0, max: 900 });
    checks.done();
    this.#origins = new Origins(options.baseUrl, options.downloadOrigins ?? [], options.credentials !== undefined);
  }

  /** Retry settings of this client, for resuming broken downloads. */
  get retry(): Required<RetryOptions> & { readonly idleTimeoutMs: number } {
    const { maxAttempts, retryDelayMs, maxRetryDelayMs, maxRetryAfterSeconds, timeoutSeconds } = this.#options;
    return { maxAttempts, retryDelayMs, maxRetryDelayMs, maxRetryAfterSeconds, idleTimeoutMs: timeoutSeconds * 1_000 };
  }

  /**
   * Makes a request whose body the caller reads. The time limit applies to the headers only; `signal` also aborts the
   * body.
   *
   * @param address a path of the API, or an address in one of the allowed origins
   * @throws ExportApiError unless the response is 2xx, or 416, which only reports a missing range
   */
  get(address: string | URL, options: RequestOptions = {}): Promise<Response> {
    return this.#request(this.resolve(address), options, (response) => Promise.resolve(response));
  }

  /** `get` with the signature of the global `fetch`, for `httpSource`. */
  readonly fetch: typeof fetch = (input, init) =>
    this.get(input instanceof Request ? input.url : input, {
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(init?.signal !== null && init?.signal !== undefined && { signal: init.signal }),
    });

  /** The address that `get` requests. @throws ExportApiError with `ERR_EXPORT_URL` if its origin is not allowed */
  resolve(address: string | URL): URL {
    return this.#origins.resolve(address);
  }

  /** Makes a request for JSON. @throws ExportApiError */
  async json(address: string | URL, options: RequestOptions = {}): Promise<unknown> {
    return (await this.#page(this.resolve(address), options)).body;
  }

  /**
   * The pages of a list, one at a time, without prefetching.
   *
   * A list that repeats the items of the previous page is an error before that page is returned: with offset
   * pagination, items would be lost. One that returns to an earlier position is an error after at most three times its
   * pages, also when it is continued with `from` and `trail`. An empty page whose next position is its own is the last
   * one. An item can be returned twice, so items need unique ids.
   *
   * @throws ExportApiError
   */
  async *pages(
    address: string | URL,
    { pagination, from, trail = NO_PAGES, idOf = idOfItem, ...options }: PagesOptions,
  ): AsyncGenerator<ExportPage, void, void> {
    const { maxPages } = this.#options;
    const list = this.resolve(address);
    let before: string | undefined;
    let read = trail;
    for (let place = from; ;) {
      const url = this.resolve(pagination.urlOf(list, place));
      const { items, next, ids } = readPage(
        pagination,
        { url, ...(await this.#page(url, options)), from: place },
        idOf,
      );
      read = extended(read, place);
      const isLast = next === undefined || (next === place && items.length === 0);
      if (!isLast && (next === read.checkpoint || next === place || (ids === before && items.length > 0))) {
        throw new ExportApiError('ERR_EXPORT_PAGES_REPEAT', 'the pages of the list repeat', { url });
      }
      if (read.pages > maxPages) {
        throw new ExportApiError('ERR_EXPORT_PAGES_REPEAT', `more than ${maxPages} pages, the limit \`maxPages\``, {
          url,
        });
      }
      before = ids;
      yield { items, next: isLast ? undefined : next, trail: read };
      if (isLast) {
        return;
      }
      place = next;
    }
  }

  #page(url: URL, options: RequestOptions): Promise<{ readonly headers: Headers; readonly body: unknown }> {
    return this.#request(
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
              `more than ${this.#options.maxPageBytes} bytes, the limit \`maxPageBytes\``,
              { url },
            );
          }
          pieces.push(piece);
        }
        const { headers } = response;
        try {
          return { headers, body: parsePage(Buffer.concat(pieces), headers.get('content-type')) };
        } catch (cause) {
          // A server that works does not cut its responses off, or send something else
          throw new ExportApiError('ERR_EXPORT_UNAVAILABLE', 'the response is not JSON', { url, cause });
        }
      },
    );
  }

  async #request<T>(url: URL, options: RequestOptions, read: (response: Response) => Promise<T>): Promise<T> {
    const { maxAttempts, maxRetryDelayMs, timeoutSeconds, clock } = this.#options;
    const { signal } = options;
    for (let attempt = 1, unanswered = 0; ; attempt += 1) {
      const began = clock.now();
      try {
        const result = await this.#once(url, options, read);
        this.#unavailable.delete(url.origin);
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        if (!hasCode<ExportApiError>(error, 'ERR_EXPORT_UNAVAILABLE')) {
          throw error;
        }
        const { retryAfterSeconds = 0 } = error;
        const waitsLong = retryAfterSeconds * 1_000 > maxRetryDelayMs;
        unanswered += clock.now() - began > timeoutSeconds * 900 ? 1 : 0;
        const isSilent = unanswered >= MAX_UNANSWERED;
        if (attempt >= maxAttempts || waitsLong || isSilent || this.#unavailable.has(url.origin)) {
          this.#unavailable.add(url.origin);
          throw error;
        }
        await sleep(clock, retryDelay(attempt, this.retry, retryAfterSeconds), signal);
        signal?.throwIfAborted();
      }
    }
  }

  /** Waits for the rate limit. @throws ExportApiError while all tasks wait, because the API asked them to */
  async #take(url: URL, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#options.rateLimit?.take(signal);
    } catch (error) {
      if (!hasCode<DependencyUnavailable>(error, 'ERR_DEPENDENCY_UNAVAILABLE')) {
        throw error;
      }
      const { message, retryAfterSeconds } = error;
      throw new ExportApiError('ERR_EXPORT_UNAVAILABLE', message, { url, retryAfterSeconds, cause: error });
    }
  }

  /** One attempt, including redirects and a renewal of credentials. */
  async #once<T>(first: URL, options: RequestOptions, read: (response: Response) => Promise<T>): Promise<T> {
    const { credentials } = this.#options;
    let renewed = false;
    let url = first;
    for (let redirects = 0; redirects <= 5;) {
      const own = this.#origins.isOwn(url);
      const proof = own ? await credentials?.headers() : undefined;
      const headers = own ? { ...options.headers, ...proof } : withoutSecrets(options.headers);
      const answer = await this.#send(url, own, { ...options, headers }, read);
      if (!(answer instanceof FollowUp)) {
        return answer;
      }
      if (answer.location !== undefined) {
        // Handled here: fetch would forward credentials other than `authorization` to any origin.
        url = this.#origins.resolve(new URL(answer.location, url));
        redirects += 1;
      } else {
        if (renewed || proof === undefined || (await credentials?.renew(proof)) !== true) {
          throw refusalOf({ url, status: 401, own });
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
  ): Promise<T | FollowUp> {
    const { rateLimit, timeoutSeconds, maxRetryAfterSeconds, clock, onAnswer, retryWhen } = this.#options;
    if (own) {
      await this.#take(url, signal);
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
          // The time limit applies to the headers; the caller's signal also aborts the body.
          const both = signal === undefined ? limit : AbortSignal.any([limit, signal]);
          const response = await this.#options.fetch(url, {
            headers: { ...headers },
            redirect: 'manual',
            signal: both,
          });
          ({ status } = response);
          const { headers: received } = response;
          const isUnusable = hasNoData(response) || retryWhen?.({ url, status, headers: received }) === true;
          if (!isUnusable && (response.ok || status === 416)) {
            return read(response);
          }
          await response.body?.cancel();
          const retryAfterSeconds = retryAfterOf(response, clock.date(), maxRetryAfterSeconds);
          if (isUnusable) {
            const type = received.get('content-type') ?? 'no content type';
            throw new ExportApiError('ERR_EXPORT_UNAVAILABLE', `the response is HTTP ${status} with ${type}`, {
              url,
              status,
              retryAfterSeconds,
            });
          }
          const location = status >= 300 && status < 400 ? response.headers.get('location') : null;
          if (location !== null || (own && status === 401)) {
            return new FollowUp(location ?? undefined);
          }
          throw refusalOf({ url, status, own, retryAfterSeconds });
        },
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ExportApiError)) {
        throw new ExportApiError('ERR_EXPORT_UNAVAILABLE', 'no response', { url, status, cause: error });
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

/** Headers that say how to send a file; others may be secrets of the API. */
const HARMLESS = /^(?:accept(?:-.*)?|range|if-.*|user-agent)$/i;

function withoutSecrets(headers: RequestHeaders = {}): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.test(name)));
}

/** No content, or a page for people: of a proxy, of maintenance, to sign in. */
function hasNoData({ status, ok, headers }: Response): boolean {
  return status === 204 || (ok && /^text\/html\b/i.test(headers.get('content-type') ?? ''));
}

function idOfItem(item: unknown): string {
  const { id } = (item ?? {}) as { readonly id?: unknown };
  return typeof id === 'string' || typeof id === 'number' ? String(id) : JSON.stringify(item);
}

/** A response that requires another request: a redirect, or renewed credentials. */
class FollowUp {
  constructor(readonly location: string | undefined) {}
}

/** A page, and a hash of its item ids. */
function readPage(
  pagination: Pagination,
  answer: Parameters<Pagination['read']>[0],
  idOf: (item: unknown) => string,
): ReturnType<Pagination['read']> & { readonly ids: string } {
  try {
    const page = pagination.read(answer);
    return {
      ...page,
      ids: createHash('sha256')
        .update(JSON.stringify(page.items.map(idOf)))
        .digest('base64'),
    };
  } catch (cause) {
    const problem = messageOf(cause);
    throw new ExportApiError('ERR_EXPORT_PAGE', `unexpected shape of the page: ${problem}`, {
      url: answer.url,
      cause,
    });
  }
}
