import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Archives } from '../../../examples/worker/export-api/archives.js';
import { noFaults, type Faults } from '../../../examples/worker/export-api/faults.js';
import { ExportApi, type ExportApiOptions, type ListedFile } from '../../../examples/worker/export-api/server.js';
import { ExportApiClient, type ExportApiClientOptions } from '../../../src/runtime/exports/index.js';
import { buildZip } from '../../support/zip-builder.js';

export const token = 'first-token';

/** The Export API on this machine, with archives of its own, and clients that lose no time between attempts. */
export class TestApi {
  readonly folder: string;
  readonly api: ExportApi;

  private constructor(folder: string, api: ExportApi) {
    this.folder = folder;
    this.api = api;
  }

  /** Jobs are called after the number of their files. */
  static async start(
    options: Partial<ExportApiOptions> = {},
    archives: readonly Buffer[] = defaultArchives,
  ): Promise<TestApi> {
    const folder = mkdtempSync(join(tmpdir(), 'export-api-'));
    const paths = archives.map((bytes, i) => {
      const path = join(folder, `${i}.zip`);
      writeFileSync(path, bytes);
      return path;
    });
    const filesOf = (jobId: string) => (/^\d+$/.test(jobId) ? Number(jobId) : undefined);
    return new TestApi(
      folder,
      await ExportApi.listen({ archives: await Archives.of(paths), filesOf, token, pageSize: 10, ...options }),
    );
  }

  set faults(faults: Partial<Faults>) {
    this.api.faults = { ...noFaults, ...faults };
  }

  client(options: Partial<ExportApiClientOptions> = {}): ExportApiClient {
    const credentials = {
      headers: () => Promise.resolve({ authorization: `Bearer ${token}` }),
      renew: () => Promise.resolve(false),
    };
    return new ExportApiClient({ baseUrl: this.api.url, credentials, retryDelayMs: 5, timeoutSeconds: 5, ...options });
  }

  requests(route: string): number {
    return this.api.requests.get(route) ?? 0;
  }

  async file(client: ExportApiClient, job = '1', id = '0'): Promise<ListedFile> {
    return (await client.json(`jobs/${job}/files/${id}`)) as ListedFile;
  }

  async stop(): Promise<void> {
    await this.api.close();
    rmSync(this.folder, { recursive: true });
  }
}

export const defaultArchives = [
  buildZip([
    { name: 'wanted.json', content: '{"wanted":true}' },
    { name: 'large.bin', content: createHash('shake256', { outputLength: 300_000 }).update('large').digest() },
  ]).bytes,
];

export async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) {
    all.push(piece);
  }
  return Buffer.concat(all);
}

/** Of a file that the API serves, what is on the disk. */
export const onDisk = (folder: string): Buffer => readFileSync(join(folder, readdirSync(folder).sort()[0]));
