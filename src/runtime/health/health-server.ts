import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface HealthState {
  /** Whether the process works; if not, it should be replaced. */
  readonly live: boolean;
  /** Whether the process takes new work. */
  readonly ready: boolean;
  readonly problems: readonly string[];
}

export interface HealthServerOptions {
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  /** @default 127.0.0.1, the address used by container health checks */
  readonly host?: string;
  readonly state: () => HealthState;
}

/**
 * Responds to `/livez` and `/readyz` with 200, or with 503 and the problems.
 *
 * It runs on the event loop of the worker on purpose: a loop that is blocked for longer than the timeout of the health
 * check makes the worker unhealthy.
 */
export class HealthServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws if the port is in use */
  static async listen({ port, host = '127.0.0.1', state }: HealthServerOptions): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const path = request.url?.split('?', 1)[0];
      if (path !== '/livez' && path !== '/readyz') {
        response.writeHead(404).end();
        return;
      }
      const { live, ready, problems } = state();
      const ok = path === '/livez' ? live : ready;
      response.writeHead(ok ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify({ status: ok ? 'ok' : 'failing', problems }));
    });
    server.headersTimeout = 5_000;
    server.requestTimeout = 5_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return new HealthServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
