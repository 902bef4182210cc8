// A server of one file, with ranges, that counts requests and bytes.
import { createReadStream, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class FileServer {
  requests = 0;
  /** Bytes of answers. */
  bytes = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Serves this file at every path. */
  static async start(file: string, latencyMs = 0): Promise<FileServer> {
    const { size } = statSync(file);
    const server = createServer((request, response) => {
      const range = /^bytes=(?<from>\d*)-(?<to>\d*)$/.exec(request.headers.range ?? '')?.groups;
      const { from = '', to = '' } = range ?? {};
      const start = range === undefined ? 0 : from === '' ? Math.max(0, size - Number(to)) : Number(from);
      const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
      files.requests += 1;
      setTimeout(() => {
        response.writeHead(range === undefined ? 200 : 206, {
          'content-length': end - start,
          'accept-ranges': 'bytes',
          etag: '"1"',
          ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
        });
        createReadStream(file, { start, end: end - 1, highWaterMark: 256 * 1024 })
          .on('data', ({ length }) => {
            files.bytes += length;
          })
          .pipe(response);
      }, latencyMs);
    });
    const files = new FileServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return files;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
