// What must be true of packed artefacts before anybody can install them: names, versions, licences, contents, an SBOM
// for each;
// and one build in all three languages.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { bundledPackages, lastMetafile } from '../bundled-packages.ts';

const JSII_TARBALL = 'cdk-fileworks@';

interface Manifest {
  name: string;
  version: string;
  license: string;
  repository?: { url: string };
  private?: boolean;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function unzip(file: string): Promise<Map<string, () => Promise<Uint8Array>>> {
  const entries = await new ZipReader(new Uint8ArrayReader(readFileSync(file))).getEntries();
  return new Map(
    entries.flatMap((entry) =>
      entry.directory ? [] : [[entry.filename, () => entry.getData(new Uint8ArrayWriter())]],
    ),
  );
}

/** Sentences; none when all is well. */
export async function checkRelease(root: string, version: string, folders: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  const expect = (holds: boolean, sentence: string) => {
    if (!holds) {
      problems.push(sentence);
    }
  };
  const dist = (...path: string[]) => join(root, 'dist', ...path);
  const list = (...path: string[]) => (existsSync(dist(...path)) ? readdirSync(dist(...path)) : []);

  for (const folder of folders) {
    const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
    const tarball = `${name}-${version}.tgz`;
    if (!list('js').includes(tarball)) {
      problems.push(`dist/js has no ${tarball}`);
      continue;
    }
    const read = (file: string) =>
      execFileSync('tar', ['-xzOf', dist('js', tarball), `package/${file}`], { encoding: 'utf8' });
    const packed = JSON.parse(read('package.json')) as Manifest;
    expect(
      packed.name === name && packed.version === version,
      `${tarball} says that it is ${packed.name} ${packed.version}`,
    );
    expect(
      packed.license === 'Apache-2.0' && read('LICENSE').includes('Apache License'),
      `${tarball} is not under Apache-2.0`,
    );
    expect(
      packed.repository?.url.includes('github.com/fileworks/cdk-fileworks') ?? false,
      `${tarball} does not name its repository, which provenance needs`,
    );
    expect(packed.private !== true, `${tarball} is private: npm would refuse it`);
    const sbom = `${name}-${version}.cdx.json`;
    if (list('sbom').includes(sbom)) {
      checkSbom(readFileSync(dist('sbom', sbom), 'utf8'), name);
    } else {
      problems.push(`dist/sbom has no ${sbom}`);
    }
  }

  function checkSbom(text: string, name: string): void {
    const bom = JSON.parse(text) as {
      bomFormat: string;
      metadata: { component: Manifest };
      components: { name: string; version: string }[];
    };
    expect(
      bom.bomFormat === 'CycloneDX' &&
        bom.metadata.component.name === name &&
        bom.metadata.component.version === version,
      `the SBOM of ${name} is not about ${name} ${version}`,
    );
    const known = new Set(bom.components.map((component) => `${component.name}@${component.version}`));
    const missing =
      name === 'cdk-fileworks'
        ? bundledPackages(lastMetafile(root)).filter((one) => !known.has(`${one.name}@${one.version}`))
        : [];
    expect(
      missing.length === 0,
      `the SBOM of ${name} lacks ${missing.map((one) => one.name).join(', ')}, of which the Lambda bundles hold code`,
    );
  }

  const jsii = `${JSII_TARBALL}${version}.jsii.tgz`;
  const wheel = `cdk_fileworks-${version}-py3-none-any.whl`;
  const jar = ['java', 'io', 'github', 'fileworks', 'cdk-fileworks', version];
  const base = `cdk-fileworks-${version}`;
  const inside: string[] = [];
  for (const [file, where] of [
    [wheel, ['python']],
    [`${base}.jar`, jar],
  ] as const) {
    if (!list(...where).includes(file)) {
      problems.push(`dist/${where.join('/')} has no ${file}`);
      continue;
    }
    const entries = await unzip(dist(...where, file));
    const tarball = [...entries].find(([name]) => name.endsWith(jsii));
    if (tarball === undefined) {
      problems.push(`${file} does not hold ${jsii}`);
    } else {
      inside.push(sha256(await tarball[1]()));
    }
  }
  expect(new Set(inside).size <= 1, 'the wheel and the jar hold different builds');
  if (list('python').includes(wheel)) {
    const metadata = [...(await unzip(dist('python', wheel)))].find(([name]) => name.endsWith('.dist-info/METADATA'));
    const text = metadata === undefined ? '' : new TextDecoder().decode(await metadata[1]());
    expect(
      /^Name: cdk-fileworks$/m.test(text) && text.includes(`\nVersion: ${version}\n`),
      `the metadata of ${wheel} does not name cdk-fileworks ${version}`,
    );
    expect(/^License(-Expression)?: Apache-2.0$/m.test(text), `the metadata of ${wheel} does not name its licence`);
    expect(list('python').includes(`cdk_fileworks-${version}.tar.gz`), 'dist/python has no source distribution');
  }
  if (list(...jar).length > 0) {
    // Maven Central refuses a release without these
    for (const file of [`${base}-sources.jar`, `${base}-javadoc.jar`, `${base}.pom`]) {
      expect(list(...jar).includes(file), `dist/java has no ${file}`);
    }
    const pom = list(...jar).includes(`${base}.pom`) ? readFileSync(dist(...jar, `${base}.pom`), 'utf8') : '';
    for (const element of ['name', 'description', 'url', 'licenses', 'developers', 'scm']) {
      expect(pom.includes(`<${element}>`), `the POM has no <${element}>, which Maven Central asks for`);
    }
  }
  return problems;
}
