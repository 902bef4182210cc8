import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { JobObject } from 'fileworks-runtime';
import { type LedgerFile, ledgerFile } from 'fileworks-runtime/loader';
import type { S3Stub } from '../../test/support/s3-stub.ts';

/** The files of a bucket. */
export interface Fill {
  readonly count: number;
  readonly bytes: number;
}

/** A JSON file of an order with about this size: some fields become columns, most do not. */
export function order(id: number, bytes: number): string {
  const lines = Array.from({ length: Math.max(1, Math.round(bytes / 155)) }, (_, line) => ({
    line,
    article: `article ${(id * 31 + line) % 9_973}`,
    quantity: 1 + (line % 7),
    price: ((id + line) % 10_000) / 100,
    note: randomBytes(45).toString('base64'),
  }));
  return JSON.stringify({
    id,
    customer: { name: `customer ${id % 1_000}` },
    placed: '2026-11-21T08:00:00Z',
    total: id / 100,
    lines,
  });
}

/** Puts files into the stub without a request for each; returns the objects of their events. */
export function fill(stub: S3Stub, { count, bytes }: Fill): readonly JobObject[] {
  return Array.from({ length: count }, (_, index) => {
    const body = Buffer.from(order(index, bytes));
    const [key, etag] = [`orders/${index}.json`, createHash('md5').update(body).digest('hex')];
    stub.objects.set(`inbox/${key}`, { body, etag: `"${etag}"`, headers: {} });
    return { bucket: 'inbox', key, size: body.length, etag, sequencer: index.toString(16) };
  });
}

/** A bucket of files, in another process. */
export class Bucket {
  readonly endpoint: string;
  readonly #process: ChildProcess;

  private constructor(endpoint: string, child: ChildProcess) {
    this.endpoint = endpoint;
    this.#process = child;
  }

  static async start(): Promise<Bucket> {
    const child = fork(new URL('./s3-process.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [endpoint] = (await once(child, 'message')) as [string];
    return new Bucket(endpoint, child);
  }

  /** @param latencyMs before each answer */
  async fill(wanted: Fill, latencyMs: number): Promise<readonly LedgerFile[]> {
    this.#process.send({ ...wanted, latencyMs });
    const [objects] = (await once(this.#process, 'message')) as [readonly JobObject[]];
    return objects.map((object) => ledgerFile(object));
  }

  stop(): void {
    this.#process.disconnect();
    this.#process.kill();
  }
}
