// Bundles every src/handlers/<name>/index.ts into assets/<name>/index.js, beside its Dockerfile where it runs in a
// container.
// The output is the same in every checkout, so asset hashes in users' templates change only when our code does.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { bundledPackages } from './bundled-packages.ts';
import { renderNotices } from './notices.ts';

const MAX_BYTES = 1_000_000;
const from = 'src/handlers';
const names = (existsSync(from) ? readdirSync(from) : []).filter((name) => existsSync(`${from}/${name}/index.ts`));

rmSync('assets', { recursive: true, force: true });
mkdirSync('assets');
const { metafile } = await build({
  entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, `${from}/${name}/index.ts`])),
  outdir: 'assets',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  mainFields: ['module', 'main'],
  minify: true,
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  tsconfig: 'tsconfig.dev.json',
});
for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
  if (bytes > MAX_BYTES) {
    throw new Error(`${file} is ${bytes} bytes, more than ${MAX_BYTES}: a Lambda's cold start pays for each`);
  }
}
for (const name of names.filter((one) => existsSync(`${from}/${one}/Dockerfile`))) {
  copyFileSync(`${from}/${name}/Dockerfile`, `assets/${name}/Dockerfile`);
}
mkdirSync('build', { recursive: true });
writeFileSync('build/bundle.meta.json', JSON.stringify(metafile));
writeFileSync('THIRD-PARTY-NOTICES', renderNotices(bundledPackages(metafile)));
