import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAssembly } from '../../src/deploy/assembly';
import { APP } from '../support/cloud';

const DEFAULTS = { account: '111111111111', region: 'eu-west-1' };

function assembly(files: Record<string, unknown>): string {
  const directory = mkdtempSync(join(tmpdir(), 'fileworks-local-assembly-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), JSON.stringify(content));
  }
  return directory;
}

const stack = (dependencies: string[] = [], more: object = {}) => ({
  type: 'aws:cloudformation:stack',
  properties: { templateFile: 'empty.json' },
  dependencies,
  ...more,
});
const EMPTY = { Resources: {} };

test('stacks come after what they depend on, those of stages too', () => {
  const directory = assembly({
    'manifest.json': {
      artifacts: {
        Last: stack(['assembly-Stage']),
        'assembly-Stage': {
          type: 'cdk:cloud-assembly',
          properties: { directoryName: 'assembly-Stage' },
          dependencies: ['First'],
        },
        First: stack(),
      },
    },
    'empty.json': EMPTY,
    'assembly-Stage/manifest.json': {
      artifacts: { B: stack(['A'], { properties: { templateFile: 'empty.json', stackName: 'Stage-B' } }), A: stack() },
    },
    'assembly-Stage/empty.json': EMPTY,
  });
  expect(readAssembly(directory, DEFAULTS).map(({ name }) => name)).toEqual(['First', 'A', 'Stage-B', 'Last']);
});

test('environments that are unknown at synth become the default ones', () => {
  const directory = assembly({
    'manifest.json': {
      artifacts: {
        Any: stack([], { environment: 'aws://unknown-account/unknown-region' }),
        Own: stack([], { environment: 'aws://222222222222/us-west-2' }),
      },
    },
    'empty.json': EMPTY,
  });
  expect(readAssembly(directory, DEFAULTS).map(({ environment }) => environment)).toEqual([
    DEFAULTS,
    { account: '222222222222', region: 'us-west-2' },
  ]);
});

test('assets have their location and the names that match them', () => {
  const pipeline = readAssembly(APP, DEFAULTS).at(-1)!;
  expect(pipeline.files).toEqual([
    {
      path: join(APP, 'asset.0aaa'),
      packaging: 'zip',
      bucket: 'cdk-hnb659fds-assets-111111111111-eu-west-1',
      key: '0aaa.zip',
      environment: DEFAULTS,
    },
  ]);
  expect(pipeline.images).toEqual([
    {
      tag: '1bbb',
      names: ['Pipeline/Worker/Image', '1bbb', 'asset.1bbb'],
      build: { directory: join(APP, 'asset.1bbb') },
    },
  ]);
});

test.each([
  ['is missing', {}, /cannot read .*manifest\.json: no such file; synthesize the app first/],
  ['contains no stack', { 'manifest.json': { artifacts: {} } }, /contains no stack/],
  [
    'circular dependency',
    { 'manifest.json': { artifacts: { A: stack(['B']), B: stack(['A']) } } },
    /A, B have a circular dependency/,
  ],
])('throws when the assembly %s', (_what, files, message) => {
  expect(() => readAssembly(assembly(files), DEFAULTS)).toThrow(message);
});

test('throws for an asset that a command would build', () => {
  const directory = assembly({
    'manifest.json': {
      artifacts: {
        'S.assets': { type: 'cdk:asset-manifest', properties: { file: 'assets.json' } },
        S: stack(['S.assets']),
      },
    },
    'empty.json': EMPTY,
    'assets.json': { files: { a: { source: { executable: ['make', 'it'] }, destinations: {} } } },
  });
  expect(() => readAssembly(directory, DEFAULTS)).toThrow('built by the command `make it`');
});
