import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeArtifacts } from '../support/artifacts';

const root = resolve(__dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');
const manifest = JSON.parse(read('package.json')) as {
  name: string;
  version: string;
  scripts: Record<string, string>;
  engines: { node: string };
  peerDependencies: Record<string, string>;
  jsii: {
    targets: {
      python: { distName: string; module: string };
      java: { package: string; maven: { groupId: string; artifactId: string } };
    };
  };
};
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, text]) => text.trim().split('\n'));

describe('README.md', () => {
  test('shows the two commands that the gate runs on a clean clone', () => {
    const gate = read('.ci/run');
    expect(blocks).toEqual(expect.arrayContaining(['npm ci && npm run demo', 'npm ci && npm test']));
    expect(gate).toMatch(/^npm ci [^&]*&& npm test$/m);
    expect(gate).toMatch(/^\s+npm run demo\b/m);
  });

  test('shows only these commands and the local cloud, with options that exist', () => {
    expect(blocks.filter((line) => !['npm ci && npm run demo', 'npm ci && npm test'].includes(line))).toEqual([
      'npm run local -- --app cdk.out --tasks tasks.json',
    ]);
    expect(manifest.scripts.local).toBeDefined();
    makeArtifacts('local');
    const help = execFileSync(process.execPath, [join(root, 'local', 'lib', 'cli.js'), '--help'], { encoding: 'utf8' });
    for (const option of ['--app <', '--tasks <']) {
      expect(help).toContain(option);
    }
  });

  test('names the published packages', () => {
    const { python, java } = manifest.jsii.targets;
    expect(readme).toContain(`npm install ${manifest.name}`);
    expect(readme).toContain('npm install --save-dev fileworks-local fileworks-cli');
    expect(readme).toContain(`pip install ${python.distName}\``);
    expect(readme).toContain(`from ${python.module} import`);
    expect(readme).toContain(`\`${java.maven.groupId}:${java.maven.artifactId}\``);
    expect(readme).toContain(`import ${java.package}.`);
  });

  test('names the packed files until the first release', () => {
    const { groupId, artifactId } = manifest.jsii.targets.java.maven;
    for (const name of [manifest.name, 'fileworks-runtime', 'fileworks-local', 'fileworks-cli']) {
      expect(readme).toContain(`dist/js/${name}-${manifest.version}.tgz`);
    }
    expect(readme).toContain(`dist/java/${groupId.replaceAll('.', '/')}/${artifactId}/${manifest.version}\``);
    expect(readme).toContain(
      `-DpomFile=$JAR/${artifactId}-${manifest.version}.pom -Dfile=$JAR/${artifactId}-${manifest.version}.jar`,
    );
  });

  test('requires the versions that the packages require', () => {
    const minor = (range: string) => /(\d+\.\d+)/.exec(range)?.[1];
    expect(readme).toContain(`aws-cdk-lib ${minor(manifest.peerDependencies['aws-cdk-lib'])} or newer`);
    expect(readme).toContain(`Node.js ${minor(manifest.engines.node)} or newer`);
  });
});
