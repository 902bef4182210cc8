// `node build-tools/pin-exports.ts <commit or tag>`: keeps the two services of an export as they were there, for the
// test that runs them beside those of today.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { fail, root, run } from './steps.ts';

const [ref = ''] = process.argv.slice(2);
const commit = spawnSync('git', ['rev-parse', '--short=10', '--verify', '--quiet', `${ref}^{commit}`], {
  cwd: root,
  encoding: 'utf8',
}).stdout.trim();
if (commit === '') {
  fail(`which version? node build-tools/pin-exports.ts <commit or tag>, got: ${ref}`);
}
const folder = mkdtempSync(join(tmpdir(), 'pin-exports-'));
try {
  run(`taking the sources of ${commit}`, 'bash', [
    '-c',
    `git archive ${commit} src/runtime src/contract | tar -x -C ${folder}`,
  ]);
  writeFileSync(
    join(folder, 'src/runtime/pinned.ts'),
    `
    export { ExportJobStore } from './exports/index.js';
    export { DownloadTaskHandler, ExportJobHandler } from './jobs/export/index.js';
  `,
  );
  await build({
    entryPoints: [join(folder, 'src/runtime/pinned.ts')],
    outfile: join(root, 'test/fixtures/exports/last-version.cjs'),
    // Our code alone: it meets the libraries of today, as in an image that is built anew.
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minify: true,
    keepNames: true,
    tsconfigRaw: {},
    banner: { js: `// The runtime at ${commit}, written by build-tools/pin-exports.ts` },
  });
} finally {
  rmSync(folder, { recursive: true });
}
