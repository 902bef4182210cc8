import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, RUNTIME_PATHS, tarballOf } from './support/packed.js';

/** The files of a packed npm tarball, without the leading `package/`. */
function filesOf(name: string): string[] {
  return execFileSync('tar', ['-tzf', tarballOf(name)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^package\//, ''));
}

function contentOf(name: string, ...files: string[]): string {
  return execFileSync('tar', ['-xzOf', tarballOf(name), ...files.map((file) => `package/${file}`)], {
    encoding: 'utf8',
    maxBuffer: 1 << 27,
  });
}

const top = (files: string[]) => [...new Set(files.map((file) => file.split('/')[0]))].sort();

describe('the tarball of cdk-fileworks', () => {
  const files = filesOf('cdk-fileworks');

  test('holds lib, .jsii, the licences, the README, and every bundle in assets', () => {
    const handlers = existsSync(join(root, 'src', 'handlers'))
      ? readdirSync(join(root, 'src', 'handlers')).filter((name) =>
          existsSync(join(root, 'src', 'handlers', name, 'index.ts')),
        )
      : [];
    const expected = [
      '.jsii',
      'LICENSE',
      'README.md',
      'THIRD-PARTY-NOTICES',
      'lib',
      'package.json',
      ...(handlers.length > 0 ? ['assets'] : []),
    ];
    expect(top(files)).toEqual(expected.sort());
    expect(files.filter((file) => file.startsWith('assets/')).sort()).toEqual(
      [...handlers.map((name) => `assets/${name}/index.js`), 'assets/dispatch-gate/Dockerfile'].sort(),
    );
  });

  test('holds no runtime and no handler sources', () => {
    expect(files.filter((file) => /runtime|handlers|\.test\.|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test('holds no source twice: no copies of it in source maps', () => {
    expect(contentOf('cdk-fileworks', ...files.filter((file) => file.endsWith('.js')))).not.toContain(
      'sourceMappingURL',
    );
  });

  test('has aws-cdk-lib and constructs as its only peers, and no dependency', () => {
    const manifest = JSON.parse(contentOf('cdk-fileworks', 'package.json')) as Record<
      string,
      Record<string, string> | undefined
    >;
    expect(Object.keys(manifest.peerDependencies!).sort()).toEqual(['aws-cdk-lib', 'constructs']);
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.bundledDependencies).toBeUndefined();
  });
});

describe('the tarball of fileworks-runtime', () => {
  const files = filesOf('fileworks-runtime');

  test('holds both module formats with their types, and nothing else', () => {
    expect(top(files)).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
    const { exports } = JSON.parse(contentOf('fileworks-runtime', 'package.json')) as {
      exports: Record<string, string | Record<'import' | 'require', Record<'types' | 'default', string>>>;
    };
    const named = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : [entry.import, entry.require].flatMap((each) => Object.values(each)),
    );
    expect(Object.keys(exports).sort()).toEqual(
      ['./package.json', ...RUNTIME_PATHS.map(([path]) => path.replace('fileworks-runtime', '.'))].sort(),
    );
    expect(files).toEqual(expect.arrayContaining(named.map((file) => file.replace('./', ''))));
    expect(files.filter((file) => /constructs|handlers|\.test\./.test(file))).toEqual([]);
  });

  test('asks for the Node.js that zlib.crc32 came with, or a newer one', () => {
    const { engines } = JSON.parse(contentOf('fileworks-runtime', 'package.json')) as { engines: { node: string } };
    const [major, minor] = /^>= (\d+)\.(\d+)\.\d+$/.exec(engines.node)!.slice(1).map(Number);
    expect(major * 1_000 + minor).toBeGreaterThanOrEqual(22_002);
  });

  test('knows nothing of aws-cdk-lib', () => {
    const content = contentOf('fileworks-runtime', ...files.filter((name) => /\.(js|ts|json)$/.test(name)));
    expect(content).toContain('openZip');
    expect(/.*(from ['"]aws-cdk-lib|require\(['"]aws-cdk-lib|"aws-cdk-lib").*/.exec(content)?.[0]).toBeUndefined();
  });
});

describe('the tarball of fileworks-cli', () => {
  const files = filesOf('fileworks-cli');

  test('holds the command with what of the contract it uses, and nothing else', () => {
    expect(top(files)).toEqual(['LICENSE', 'README.md', 'lib', 'package.json']);
    expect(files).toEqual(expect.arrayContaining(['lib/cli/src/main.js', 'lib/src/contract/worker-env.js']));
    expect(
      files.filter((file) => file.startsWith('lib/') && !/^lib\/(cli\/src|src\/contract)\/.*\.js$/.test(file)),
    ).toEqual([]);
  });

  test('is called fileworks, and needs the SDK and a parser of arguments', () => {
    const manifest = JSON.parse(contentOf('fileworks-cli', 'package.json')) as Record<string, Record<string, string>>;
    expect(manifest.bin).toEqual({ fileworks: 'lib/cli/src/main.js' });
    expect(Object.keys(manifest.dependencies).filter((name) => !name.startsWith('@aws-sdk/client-'))).toEqual([
      'commander',
    ]);
    expect(manifest.engines.node).toMatch(/^>= 22\./);
    expect(contentOf('fileworks-cli', 'lib/cli/src/main.js').split('\n')[0]).toBe('#!/usr/bin/env node');
  });
});

describe('the tarball of fileworks-local', () => {
  test('holds the command, the library and the files of the emulator', () => {
    const files = filesOf('fileworks-local');
    expect(files).toEqual(
      expect.arrayContaining(['lib/cli.js', 'lib/index.js', 'lib/index.d.ts', 'emulator/requirements.txt']),
    );
    expect(files.filter((file) => /\.test\.|__pycache__|\.pyc$/.test(file))).toEqual([]);
  });
});
