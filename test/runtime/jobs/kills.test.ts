import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { ExtractManifest } from '../../../src/runtime/jobs/extract-manifest.js';
import { bundleProgram } from '../../support/bundle-program.js';
import { EmulatedS3 } from '../../support/emulated-s3.js';
import { buildZip, type EntrySpec } from '../../support/zip-builder.js';

/** `FILEWORKS_KILLS=50 npx jest test/runtime/jobs/kills` is the run of the acceptance test. */
const KILLS = Number(process.env.FILEWORKS_KILLS ?? 3);

const specs: EntrySpec[] = [
  ...Array.from({ length: 700 }, (_, i) => ({ name: `${i}.json`, content: `{"id":${i}}` })),
  ...Array.from({ length: 3 }, (_, i) => ({
    name: `large-${i}.bin`,
    content: randomBytes(11 * 1024 * 1024),
    method: 0,
  })),
];
const hashes = new Map(specs.map(({ name, content = '' }) => [String(name), hashOf(Buffer.from(content))]));

let folder: string;
let program: string;
let s3: EmulatedS3;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kills-'));
  program = join(folder, 'extract-and-die.cjs');
  bundleProgram(join(__dirname, 'extract-and-die.ts'), program, [
    '@zip.js/zip.js',
    'tar-stream',
    '@aws-sdk/client-dynamodb',
  ]);
  s3 = await EmulatedS3.start();
  for (const Bucket of ['kills-in', 'kills-out']) {
    await s3.client.send(new CreateBucketCommand({ Bucket }));
  }
  await s3.client.send(new PutObjectCommand({ Bucket: 'kills-in', Key: 'a.zip', Body: buildZip(specs).bytes }));
}, 120_000);

afterAll(async () => {
  await s3.stop();
  rmSync(folder, { recursive: true });
});

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function start(job: string): ChildProcess {
  const env = { ...process.env, NODE_PATH: join(__dirname, '../../../node_modules') };
  const args = [program, JSON.stringify(s3.config), job];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
}

function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout?.on('data', (text: Buffer) => void (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => void (output += text.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

async function read(key: string): Promise<Uint8Array> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: 'kills-out', Key: key }));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}

async function keysUnder(prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: 'kills-out', Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key);
}

/** Everything is there, byte for byte, and nothing else: no upload in parts, no page of the manifest. */
async function expectComplete(job: string): Promise<ExtractManifest> {
  const keys = await keysUnder(`${job}/`);
  expect(keys.toSorted()).toEqual([...hashes.keys()].map((name) => `${job}/${name}`).toSorted());
  const left = keys.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const key of left) {
        if (hashOf(await read(key)) !== hashes.get(key.slice(job.length + 1))) {
          throw new Error(`${key} is not what it should be`);
        }
      }
    }),
  );
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: 'kills-out' }));
  expect(Uploads).toEqual([]);
  expect(await keysUnder('manifests/')).toEqual([`manifests/${job}`]);
  return JSON.parse(Buffer.from(await read(`manifests/${job}`)).toString()) as ExtractManifest;
}

async function remove(job: string): Promise<void> {
  const Objects = [...(await keysUnder(`${job}/`)), `manifests/${job}`].map((Key) => ({ Key }));
  await s3.client.send(new DeleteObjectsCommand({ Bucket: 'kills-out', Delete: { Objects } }));
}

test(
  `is complete after each of ${KILLS} kills at a random moment, without leftovers, and without doing all of it again`,
  async () => {
    const begun = performance.now();
    expect(await ended(start('unhurt'))).toEqual({ code: 0, output: String(specs.length) });
    const duration = performance.now() - begun;
    await expectComplete('unhurt');
    await remove('unhurt');

    let killed = 0;
    for (let i = 0; killed < KILLS; i++) {
      const job = `job-${i}`;
      const victim = start(job);
      const end = ended(victim);
      const timer = setTimeout(() => victim.kill('SIGKILL'), Math.random() * duration);
      const { code } = await end;
      clearTimeout(timer);
      killed += code === null ? 1 : 0;
      expect(await ended(start(job))).toEqual({ code: 0, output: String(specs.length) });
      const { stored } = await expectComplete(job);
      // Entries of a page are not sent again: only what stood and was in no page yet, which is less than one page and
      // what is worked on at the same time.
      expect(stored.filter(({ outcome }) => outcome === 'unchanged').length).toBeLessThan(500 + 16);
      await remove(job);
    }
    expect(killed).toBe(KILLS);
  },
  120_000 + KILLS * 60_000,
);
