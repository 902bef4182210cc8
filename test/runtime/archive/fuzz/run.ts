// Coverage-guided fuzzing of both ZIP readers: `node test/runtime/archive/fuzz/run.ts [seconds]`, 60 by default, a night by the nightly job.
// Needs @jazzer.js/core (libFuzzer). The bad archives of the fixtures are the first corpus; what is found lies in .tools/fuzz.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';

const seconds = Number(process.argv[2] ?? 60);
if (!(seconds > 0)) throw new Error(`expected a number of seconds, got ${process.argv[2] ?? ''}`);
const root = join(import.meta.dirname, '../../../..');
const folder = join(root, '.tools/fuzz');
const corpus = join(folder, 'corpus');
mkdirSync(corpus, { recursive: true });
cpSync(join(root, 'test/fixtures/archives/bad'), corpus, { recursive: true });

// zip.js is left out: it is not ours, and 100 times as much code to look at.
buildSync({
  entryPoints: [join(import.meta.dirname, 'target.ts')], outfile: join(folder, 'target.cjs'), bundle: true, platform: 'node', format: 'cjs',
  external: ['@zip.js/zip.js', '@aws-sdk/*', 'tar-stream'], logLevel: 'error',
});
const jazzer = join(dirname(createRequire(join(process.env.FILEWORKS_JAZZER_DIR ?? root, 'package.json')).resolve('@jazzer.js/core')), 'cli.js');
const { status } = spawnSync(process.execPath, [
  jazzer, 'target.cjs', '-i', 'target.cjs', '-e', 'node_modules', '--timeout=5000', 'corpus', '--', `-max_total_time=${seconds}`, '-max_len=4096', '-print_final_stats=1',
], { cwd: folder, stdio: 'inherit' });
process.exit(status ?? 1);
