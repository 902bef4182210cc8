import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeArtifacts } from './support/artifacts';

const root = resolve(__dirname, '..');
const workflows = join(root, '.github', 'workflows');
const dryRun = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'build-tools', 'release.ts'), ...args], { cwd: root, encoding: 'utf8' });

describe('a release, up to the upload', () => {
  beforeAll(() => makeArtifacts('js', 'python', 'java'));

  test('finds the packed files of one version fit to be released: names, versions, licences, contents, SBOMs, and one build in three languages', () => {
    const { status, stdout, stderr } = dryRun('--packed');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\d+ files of version \d+\.\d+\.\d+ are fit to be released/);
    expect(readFileSync(join(root, 'dist', 'SHA256SUMS'), 'utf8')).toMatch(/^[0-9a-f]{64} {2}js\/cdk-fileworks-/m);
  });

  test('fails when a packed file is of another version, and names it', () => {
    const folder = mkdtempSync(join(root, 'build', 'release-'));
    try {
      cpSync(join(root, 'package.json'), join(folder, 'package.json'));
      cpSync(join(root, 'dist', 'js'), join(folder, 'dist', 'js'), { recursive: true });
      const check = `import { checkRelease } from ${JSON.stringify(join(root, 'build-tools', 'release', 'check.ts'))};
console.log((await checkRelease(${JSON.stringify(folder)}, '9.9.9', ['.'])).join('\\n'));`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', check], {
        encoding: 'utf8',
        cwd: root,
      });
      expect(stdout).toContain('dist/js has no cdk-fileworks-9.9.9.tgz');
      expect(stdout).toContain('has no cdk_fileworks-9.9.9-py3-none-any.whl');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ['v1', 'three numbers'],
    ['99.0.0', 'CHANGELOG.md has no heading'],
  ])('refuses the version %s', (version, reason) => {
    const { status, stderr } = dryRun(version);
    expect([status, stderr]).toEqual([1, expect.stringContaining(reason)]);
  });
});

describe('the workflows', () => {
  const files = readdirSync(workflows).map((name): [string, string] => [
    name,
    readFileSync(join(workflows, name), 'utf8'),
  ]);

  test.each(files)('%s pins every action to a commit, and grants nothing by default', (_, text) => {
    const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/^[\w-]+\/[\w/-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
    expect(text).toMatch(/^permissions: \{\}$/m);
  });

  test.each(files)('%s runs only scripts that there are', (_, text) => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    expect([...text.matchAll(/node (build-tools\/\S+)/g)].filter(([, file]) => !existsSync(join(root, file)))).toEqual(
      [],
    );
  });
});
