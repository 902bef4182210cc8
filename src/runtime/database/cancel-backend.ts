import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type pg from 'pg';

const TIMEOUT_MS = 5_000;
/** Codes in place of a protocol version. */
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;

/** What `pg` knows of its backend after it has connected, beside its declared members. */
interface Backend {
  readonly host: string;
  readonly port: number;
  readonly ssl?: ConnectionOptions | boolean;
  readonly processID?: number | null;
  readonly secretKey?: number | null;
}

/**
 * Asks the server to cancel what the backend of a client does, on a connection of its own, as the protocol provides. A
 * backend that waits for a lock does not notice that its client is gone, and keeps its connection.
 *
 * Resolves when the request is sent or was impossible; the server does not answer it.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancelBackend(client: pg.Client): Promise<void> {
  const { host, port, ssl = false, processID, secretKey } = client as unknown as Backend;
  if (typeof processID !== 'number' || typeof secretKey !== 'number') {
    return;
  }
  const request = message(CANCEL_REQUEST, processID, secretKey);
  await new Promise<void>((resolve) => {
    const socket = connect(port, host);
    const done = () => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(TIMEOUT_MS, done).on('error', done).on('close', done);
    socket.on('connect', () => {
      if (ssl === false) {
        send(socket, request);
      } else {
        socket.write(message(SSL_REQUEST));
        socket.once('data', (answer) => {
          const options = typeof ssl === 'object' ? ssl : {};
          if (answer.toString('latin1') === 'S') {
            const secure = connectTls({ servername: host, ...options, socket }, () => send(secure, request));
            secure.on('error', done);
          } else {
            done();
          }
        });
      }
    });
  });
}

/** The server closes the connection when it has read the request. */
function send(socket: Socket, request: Buffer): void {
  socket.write(request);
  socket.resume();
}

/** Its length, and whole numbers of four bytes. */
function message(...numbers: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * (numbers.length + 1));
  [buffer.length, ...numbers].forEach((number, index) => buffer.writeInt32BE(number, 4 * index));
  return buffer;
}
