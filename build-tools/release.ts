// `npm run release:dry-run [-- version]`: everything of a release but the upload. Sets the version in every package
// when one is named,
// builds and packs once, writes an SBOM for each npm package and the checksums of all, and checks what was packed.
// The release workflow runs this, tests the same files, and uploads them. With --packed: only SBOMs and checks, of what
// dist/ holds.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkRelease } from './release/check.ts';
import { writeSboms } from './release/sbom.ts';
import { make, PACKED } from './make.ts';
import { fail, root, run } from './steps.ts';

const [argument = ''] = process.argv.slice(2);
const dist = join(root, 'dist');
const manifest = () =>
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string; workspaces: string[] };

if (argument !== '--packed') {
  if (argument !== '') {
    if (!/^\d+\.\d+\.\d+$/.test(argument)) {
      fail(`a version is three numbers, such as 0.1.0; got: ${argument}`);
    }
    if (!readFileSync(join(root, 'CHANGELOG.md'), 'utf8').includes(`\n## ${argument}`)) {
      fail(`CHANGELOG.md has no heading "## ${argument}": say what is new before it is released`);
    }
    run(`setting version ${argument}`, 'npm', [
      'version',
      argument,
      '--no-git-tag-version',
      '--allow-same-version',
      '--ignore-scripts',
      '--workspaces',
      '--include-workspace-root',
    ]);
  }
  await make(...PACKED);
}
const { version, workspaces } = manifest();
writeSboms(root, ['.', ...workspaces], join(dist, 'sbom'));

const files = ['js', 'python', 'java', 'sbom']
  .flatMap((folder) =>
    readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(dist, folder, file)),
  )
  .filter((file) => statSync(file).isFile())
  .sort();
const sums = files.map(
  (file) => `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${relative(dist, file)}`,
);
writeFileSync(join(dist, 'SHA256SUMS'), `${sums.join('\n')}\n`);

const problems = await checkRelease(root, version, ['.', ...workspaces]);
if (problems.length > 0) {
  fail(`not fit to be released:\n  ${problems.join('\n  ')}`);
}
console.log(`✔ ${files.length} files of version ${version} are fit to be released`);
