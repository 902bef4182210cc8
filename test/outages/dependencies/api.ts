// An HTTP API that accepts one request for each job, lists and sends the only file of each job, and fails as its cell
// says.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zip } from '../../e2e/support/zip.ts';
import type { Cell, Form } from '../cell.ts';

const REFUSALS: Readonly<Partial<Record<Form, (response: ServerResponse) => void>>> = {
  '401': (response) => response.writeHead(401).end(),
  '403': (response) => response.writeHead(403).end(),
  '429 with a time': (response) => response.writeHead(429, { 'retry-after': '121' }).end(),
  '429 with a date': (response) => response.writeHead(429, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }).end(),
  '429 without sense': (response) => response.writeHead(429, { 'retry-after': '-1e400' }).end(),
  '503': (response) => response.writeHead(503).end(),
  hang: () => undefined,
  away: (response) => response.destroy(),
  'secret rotated': (response) => response.destroy(),
  'login page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<form>Sign in</form>'),
};

export class Api {
  /** Accepted requests of each cell and job. */
  readonly accepted: string[] = [];
  readonly #failing = new Map<string, Form>();
  readonly #held = new Set<ServerResponse>();
  /** The only token that is accepted, by cell; without one, any. */
  readonly #tokens = new Map<string, string>();
  readonly #archive = zip(1, 'entry');
  readonly #server: Server;

  constructor() {
    this.#server = createServer(({ url = '', headers }, response) => {
      const [, cell = '', ...path] = url.split('/');
      const token = this.#tokens.get(cell);
      const isRefused = token !== undefined && headers.authorization !== `Bearer ${token}`;
      const form = isRefused ? '401' : this.#failing.get(cell);
      if (form === undefined) {
        this.#answer(cell, path, response);
      } else {
        this.#held.add(response.once('close', () => this.#held.delete(response)));
        REFUSALS[form]?.(response);
      }
    });
  }

  /** From now on, the requests of a cell need this token. */
  requireToken(cell: string, token: string): void {
    this.#tokens.set(cell, token);
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  begin({ id, form }: Cell): () => void {
    this.#failing.set(id, form);
    return () => {
      this.#failing.delete(id);
      this.#held.forEach((response) => response.destroy());
    };
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(cell: string, [kind = '', id = '']: string[], response: ServerResponse): void {
    if (kind === 'files') {
      response.writeHead(200, { 'content-type': 'application/zip' }).end(this.#archive);
      return;
    }
    this.accepted.push(`${cell}/${kind}`);
    const page = kind === 'jobs' ? { items: [{ id: '0', url: `files/${id}` }] } : {};
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
  }
}
