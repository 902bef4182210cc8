import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { S3Stub } from '../../support/s3-stub.js';
import { buildZip, type EntrySpec } from '../../support/zip-builder.js';

/** FILEWORKS_KILLS=50 is the run of the acceptance test. */
const KILLS = Number(process.env.FILEWORKS_KILLS ?? 4);

const specs: EntrySpec[] = [
  ...Array.from({ length: 700 }, (_, i) => ({ name: `${i}.json`, content: `{"id":${i}}` })),
  ...Array.from({ length: 3 }, (_, i) => ({ name: `large-${i}.bin`, content: randomBytes(11 * 1024 * 1024), method: 0 })),
];

let folder: string;
let program: string;
let s3: S3Stub;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kills-'));
  program = join(folder, 'extract-and-die.cjs');
  buildSync({
    entryPoints: [join(__dirname, 'extract-and-die.ts')], outfile: program, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error',
    external: ['@zip.js/zip.js', 'tar-stream', '@aws-sdk/client-dynamodb'],
    nodePaths: [join(__dirname, '../../../node_modules')],
  });
  s3 = await S3Stub.start();
  s3.latencyMs = 3;
  s3.objects.set('in/a.zip', { body: buildZip(specs).bytes, etag: '"1"', headers: {} });
});

afterAll(async () => {
  await s3.stop();
  rmSync(folder, { recursive: true });
});

function start(job: string): ChildProcess {
  const env = { ...process.env, NODE_PATH: join(__dirname, '../../../node_modules') };
  return spawn(process.execPath, [program, s3.endpoint, job], { stdio: ['ignore', 'pipe', 'pipe'], env });
}

function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout?.on('data', (text: Buffer) => void (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => void (output += text.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

function expectComplete(job: string): void {
  for (const { name, content = '' } of specs) {
    if (s3.objects.get(`out/${job}/${String(name)}`)?.body.equals(Buffer.from(content)) !== true) throw new Error(`${String(name)} of ${job} is not what it should be`);
  }
  expect([...s3.uploads.values()].filter(({ key }) => key.startsWith(`out/${job}/`))).toEqual([]);
}

test(`is complete after each of ${KILLS} kills at a random moment, without leftovers, and without doing all of it again`, async () => {
  const begun = performance.now();
  expect(await ended(start('unhurt'))).toEqual({ code: 0, output: String(specs.length) });
  const duration = performance.now() - begun;
  expectComplete('unhurt');

  let killed = 0;
  for (let i = 0; killed < KILLS; i++) {
    const job = `job-${i}`;
    const victim = start(job);
    const end = ended(victim);
    const timer = setTimeout(() => victim.kill('SIGKILL'), Math.random() * duration);
    const { code } = await end;
    clearTimeout(timer);
    killed += code === null ? 1 : 0;
    s3.forget();
    expect(await ended(start(job))).toEqual({ code: 0, output: String(specs.length) });
    expectComplete(job);
    // What stands is not asked for one by one: only what is large is looked at.
    expect(s3.count('HeadObject')).toBeLessThan(520);
    for (const key of s3.objects.keys()) if (key.startsWith(`out/${job}/`)) s3.objects.delete(key);
  }
  expect(killed).toBe(KILLS);
}, 600_000);
