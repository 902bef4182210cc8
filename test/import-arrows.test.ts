import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import * as ts from 'typescript';
import { circles } from './support/circles';

const root = resolve(__dirname, '..');
const src = join(root, 'src');

/** Every import of every source file, as [importing file, specifier]; those of types too. */
function arrows(folder: string): [string, string][] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !/(^|\/)(node_modules|dist)\//.test(file))
    .flatMap((file) => {
      const path = join(folder, file);
      const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true);
      return importedFiles.map(({ fileName }): [string, string] => [path, fileName]);
    });
}

/** The file that a relative import names. */
function importedFile(from: string, specifier: string): string | undefined {
  const path = resolve(dirname(from), specifier).replace(/\.(js|ts)$/, '');
  return [`${path}.ts`, join(path, 'index.ts')].find((file) => existsSync(file));
}

/** Where an arrow ends: a path below src/ such as `runtime/queue/lease`, or the name of a package. */
function target(from: string, specifier: string): string {
  return specifier.startsWith('.') ? relative(src, resolve(dirname(from), specifier)).replace(/\.js$/, '') : specifier;
}

const zoneOf = (path: string) => path.split('/')[0] ?? '';
const isCdk = (name: string) => /^(aws-cdk-lib|constructs)(\/|$)/.test(name);
const isSdk = (name: string) => name.startsWith('@aws-sdk/') || name.startsWith('@smithy/');

const zones: Record<string, (to: string) => boolean> = {
  contract: (to) => to.startsWith('contract/'),
  constructs: (to) =>
    to.startsWith('contract/') || to.startsWith('constructs/') || isCdk(to) || to.startsWith('node:') || to === 'path',
  handlers: (to) => !isCdk(to) && zoneOf(to) !== 'constructs',
  runtime: (to) => !isCdk(to) && !['constructs', 'handlers', 'fileworks-runtime', 'cdk-fileworks'].includes(zoneOf(to)),
};

/** Inside the runtime imports go down only: a folder may import folders of a lower layer. */
const layers = [
  ['errors'],
  ['support'],
  ['queue', 'archive', 'storage', 'dispatch', 'exports', 'database', 'health', 'telemetry'],
  ['jobs'],
  ['worker', 'testing', 'nestjs', 'entries'],
  ['index'],
];
const layerOf = (part: string) => layers.findIndex((layer) => layer.includes(part));
const partOf = (path: string) => (path.split('/')[1] ?? '').replace(/\.ts$/, '');

describe('import arrows', () => {
  const all = Object.keys(zones).flatMap((zone) =>
    arrows(join(src, zone)).map(([from, to]) => ({ zone, from: relative(src, from), to: target(from, to) })),
  );

  test('finds arrows in the zones, so that an empty list cannot pass', () => {
    expect(all.filter(({ zone }) => zone === 'constructs').length).toBeGreaterThan(20);
    expect(all.filter(({ zone }) => zone === 'runtime').length).toBeGreaterThan(20);
  });

  test.each(Object.keys(zones))('%s imports only what runs when it runs', (zone) => {
    expect(all.filter((arrow) => arrow.zone === zone && !zones[zone](arrow.to))).toEqual([]);
  });

  test('constructs do not touch the AWS SDK', () => {
    expect(all.filter(({ zone, to }) => zone === 'constructs' && isSdk(to))).toEqual([]);
  });

  test('handlers bundle only packages that this repository declares', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const packages = all
      .filter(({ zone, to }) => zone === 'handlers' && !/^(contract|handlers|runtime)\/|^node:/.test(to))
      .map(({ to }) => to);
    expect(packages.filter((name) => !(name in devDependencies))).toEqual([]);
  });

  test('constructs reach one another by the index of their folder, or private/', () => {
    const folder = (path: string) => path.split('/').slice(0, 2).join('/');
    const sideways = all.filter(
      ({ zone, from, to }) =>
        zone === 'constructs' &&
        to.startsWith('constructs/') &&
        folder(from) !== folder(to) &&
        !to.startsWith('constructs/private/'),
    );
    expect(sideways.filter(({ to }) => to.split('/').length > 2)).toEqual([]);
  });

  test('folders of the runtime import downwards, never a sibling', () => {
    const wrong = all.filter(({ zone, from, to }) => {
      if (zone !== 'runtime' || !to.startsWith('runtime/')) {
        return false;
      }
      const [here, there] = [partOf(from), partOf(to)];
      return here !== there && layerOf(there) >= layerOf(here);
    });
    expect(wrong).toEqual([]);
  });

  test('every folder of the runtime has its layer', () => {
    const parts = new Set(all.filter(({ zone }) => zone === 'runtime').map(({ from }) => partOf(from)));
    expect([...parts].filter((part) => layerOf(part) < 0)).toEqual([]);
  });
});

describe('circles, of type imports too', () => {
  const zone = (folder: string) => {
    const files = arrows(join(root, folder)).flatMap(([from, specifier]): (readonly [string, string])[] => {
      const to = specifier.startsWith('.') ? importedFile(from, specifier) : undefined;
      const here = relative(join(root, folder), from);
      return to === undefined ? [] : [[here, relative(join(root, folder), to)]];
    });
    const within = files.filter(([, to]) => !to.startsWith('..'));
    const folders = within.filter((edge) => edge.every((path) => path.includes('/')));
    return { files: within, folders: folders.map(([from, to]) => [zoneOf(from), zoneOf(to)] as const) };
  };

  test('a circle is found, each once', () => {
    const edges = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
      ['c', 'd'],
      ['d', 'd'],
    ] as const;
    expect(circles(edges)).toEqual([['a', 'b', 'c']]);
  });

  describe.each([...Object.keys(zones).map((name) => `src/${name}`), 'local/src', 'cli/src', 'simulator'])(
    '%s',
    (folder) => {
      const { files, folders } = zone(folder);

      test('has no circle of files', () => {
        expect(files.length).toBeGreaterThan(0);
        expect(circles(files)).toEqual([]);
      });

      test('has no circle of folders', () => {
        expect(circles(folders)).toEqual([]);
      });
    },
  );
});
