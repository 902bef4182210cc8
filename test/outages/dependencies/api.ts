// An HTTP API that accepts one request for each job, and fails as its cell says.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  'login page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<form>Sign in</form>'),
};

export class Api {
  /** Accepted requests of each cell and job. */
  readonly accepted: string[] = [];
  readonly #failing = new Map<string, Form>();
  readonly #held = new Set<ServerResponse>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer(({ url = '' }, response) => {
      const [, cell = '', id = ''] = url.split('/');
      const form = this.#failing.get(cell);
      if (form === undefined) {
        this.accepted.push(`${cell}/${id}`);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      } else {
        this.#held.add(response.once('close', () => this.#held.delete(response)));
        REFUSALS[form]?.(response);
      }
    });
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
}
