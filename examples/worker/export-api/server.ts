import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Archives } from './archives.ts';
import { type Faults, noFaults, FaultSimulator } from './faults.ts';
import { sendFile } from './send-file.ts';

export interface ExportApiOptions {
  readonly archives: Archives;
  /** Number of files of a job; undefined if the job does not exist. */
  readonly filesOf: (jobId: string) => number | undefined;
  /** Bearer token of requests. You can change it while the server runs, to simulate a rotation. */
  readonly token: string;
  /** Files of a page. */
  readonly pageSize?: number;
  /** Requests per second that the API allows; downloads by link are not counted. */
  readonly requestsPerSecond?: number;
  /** Seconds for which the link of a file is valid. */
  readonly linkSeconds?: number;
  /** Where clients reach it, for example through a tunnel, with a slash at the end. Default: on this machine. */
  readonly url?: string;
}

/** A file of a job, as the API lists it. */
export interface ListedFile {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly url: string;
}

/**
 * An Export API: files of jobs are listed in pages of all three kinds, and downloaded by signed links.
 *
 * - `GET /cursor/jobs/:job/files`, `/offset/…`, `/link/…`: pages of `{ items, nextCursor }`, of `{ items }`, and of an
 *   array with a `Link` header
 * - `GET /jobs/:job/files/:file`: one file, with a new link
 * - `GET /download/:job/:file?expires=…&signature=…`: its bytes, with ranges
 * - `PUT /faults`: the faults to simulate from now on
 */
export class ExportApi {
  token: string;
  faults: Faults = noFaults;
  /** Number of requests by route, for tests. */
  readonly requests = new Map<string, number>();
  readonly #options: ExportApiOptions;
  readonly #secret = randomBytes(32);
  readonly #app: FastifyInstance;
  readonly #faultSimulator = new FaultSimulator(() => this.faults);

  private constructor(options: ExportApiOptions) {
    this.#options = options;
    this.token = options.token;
    this.#app = Fastify({ forceCloseConnections: true });
  }

  /** Listens on a free port of this machine, or on the given one. */
  static async listen(options: ExportApiOptions, port = 0): Promise<ExportApi> {
    const api = new ExportApi(options);
    await api.#routes();
    await api.#app.listen({ host: '127.0.0.1', port });
    return api;
  }

  get url(): string {
    if (this.#options.url !== undefined) {
      return this.#options.url;
    }
    const address = this.#app.server.address();
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/` : '';
  }

  close(): Promise<void> {
    return this.#app.close();
  }

  async #routes(): Promise<void> {
    const app = this.#app;
    app.addHook('onRequest', async (request, reply) => {
      const route = request.routeOptions.url ?? request.url;
      this.requests.set(route, (this.requests.get(route) ?? 0) + 1);
      if (route === '/faults') {
        return;
      }
      await this.#faultSimulator.beforeAnswer(reply);
      if (!reply.sent && !route.startsWith('/download') && request.headers.authorization !== `Bearer ${this.token}`) {
        await reply.code(401).send({ error: 'unknown token' });
      }
    });
    app.put('/faults', (request) => {
      this.faults = { ...noFaults, ...(request.body as Partial<Faults>) };
      return {};
    });
    app.get<Download>('/download/:job/:file', (request, reply) => this.#download(request, reply));
    await app.register(async (api) => {
      const { requestsPerSecond } = this.#options;
      if (requestsPerSecond !== undefined) {
        await api.register(rateLimit, { max: requestsPerSecond, timeWindow: 1_000, keyGenerator: () => 'all' });
      }
      api.get<Page>('/cursor/jobs/:job/files', (request, reply) =>
        this.#page(request, reply, (items, next) => ({
          items,
          nextCursor: next === undefined ? null : cursorOf(next),
        })),
      );
      api.get<Page>('/offset/jobs/:job/files', (request, reply) => this.#page(request, reply, (items) => ({ items })));
      api.get<Page>('/link/jobs/:job/files', (request, reply) =>
        this.#page(request, reply, (items, next) => {
          if (next !== undefined) {
            reply.header('link', `<?offset=${next}>; rel="next", <?offset=0>; rel="first"`);
          }
          return items;
        }),
      );
      api.get<{ Params: { job: string; file: string } }>('/jobs/:job/files/:file', (request, reply) => {
        const file = this.#file(request.params.job, Number(request.params.file));
        return file ?? reply.code(404).send({ error: 'no such file' });
      });
    });
  }

  #page(
    request: FastifyRequest<Page>,
    reply: FastifyReply,
    toBody: (items: readonly ListedFile[], next: number | undefined) => unknown,
  ): unknown {
    const { job } = request.params;
    const count = this.#options.filesOf(job);
    if (count === undefined) {
      return reply.code(404).send({ error: 'no such job' });
    }
    const { cursor, offset = '0' } = request.query;
    if (cursor !== undefined && this.#faultSimulator.cursorIsExpired()) {
      return reply.code(410).send({ error: 'the cursor is too old' });
    }
    const start = this.#faultSimulator.startOf(cursor === undefined ? Number(offset) : placeOf(cursor));
    const end = Math.min(count, start + (this.#options.pageSize ?? 100));
    const items = Array.from({ length: Math.max(0, end - start) }, (_, i) => this.#file(job, start + i)).filter(
      (file) => file !== undefined,
    );
    return toBody(items, end < count ? end : undefined);
  }

  #file(job: string, index: number): ListedFile | undefined {
    const count = this.#options.filesOf(job);
    if (count === undefined || !Number.isInteger(index) || index < 0 || index >= count) {
      return undefined;
    }
    const archive = this.#options.archives.at(index);
    const expires = Date.now() + (this.#options.linkSeconds ?? 900) * 1_000;
    const url = new URL(
      `download/${encodeURIComponent(job)}/${index}?expires=${expires}&signature=${this.#sign(job, index, expires)}`,
      this.url,
    );
    return { id: String(index), name: archive.name, size: archive.size, sha256: archive.sha256, url: url.href };
  }

  async #download(request: FastifyRequest<Download>, reply: FastifyReply): Promise<FastifyReply> {
    const { job, file } = request.params;
    await this.#faultSimulator.whileHeld(`${job}/${file}`);
    const { expires = '', signature = '' } = request.query;
    const wanted = this.#sign(job, Number(file), Number(expires));
    const valid = signature.length === wanted.length && timingSafeEqual(Buffer.from(signature), Buffer.from(wanted));
    if (!valid) {
      return reply.code(403).send({ error: 'wrong signature' });
    }
    if (Number(expires) < Date.now() || this.#faultSimulator.linkIsExpired()) {
      return reply.code(410).send({ error: 'the link is too old' });
    }
    return sendFile(request, reply, this.#options.archives.at(Number(file)), this.faults);
  }

  #sign(job: string, index: number, expires: number): string {
    return createHmac('sha256', this.#secret).update(`${job}/${index}/${expires}`).digest('hex');
  }
}

interface Page {
  Params: { job: string };
  Querystring: { cursor?: string; offset?: string };
}

interface Download {
  Params: { job: string; file: string };
  Querystring: { expires?: string; signature?: string };
}

/** Cursors are opaque to clients. */
function cursorOf(place: number): string {
  return Buffer.from(JSON.stringify({ place })).toString('base64url');
}

function placeOf(cursor: string): number {
  return (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as { place: number }).place;
}
