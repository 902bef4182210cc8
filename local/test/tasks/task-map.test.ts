import { mkdirSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argvOf } from '../../src/tasks/engine';
import { taskEnvironment } from '../../src/tasks/environment';
import { findEntry, loadTaskMap, type TaskMap } from '../../src/tasks/task-map';

const MAP: TaskMap = {
  tasks: [
    { image: 'repo/a:1.*', command: ['one'] },
    { container: 'web', family: 'front*', command: ['two'] },
    { asset: 'Stack/Worker/*', command: ['three'] },
    { image: '*', container: 'any', command: ['four'] },
  ],
};
const ASSETS = [{ tag: 'abc', names: ['abc', 'Stack/Worker/Image'] }];

test.each([
  [{ image: 'repo/a:1.2' }, 'one'],
  [{ image: 'repo/a:2' }, undefined],
  [{ image: 'repoXa:1.2' }, undefined],
  [{ image: 'x', container: 'web', family: 'front-end' }, 'two'],
  [{ image: 'x', container: 'web', family: 'back' }, undefined],
  [{ image: '1.dkr.ecr.eu-west-1.amazonaws.com/cdk-assets:abc' }, 'three'],
  [{ image: '1.dkr.ecr.eu-west-1.amazonaws.com/cdk-assets:abd' }, undefined],
  [{ image: 'x', container: 'any' }, 'four'],
])('%j is run by %s', (identity, expected) => {
  expect(findEntry(MAP, identity, ASSETS)?.command?.[0]).toBe(expected);
});

test('paths are relative to the file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'fileworks-local-map-')), 'tasks.json');
  mkdirSync(join(file, '..', 'worker'));
  const cwd = 'worker';
  const map = { tasks: [{ image: 'a', command: ['x'], cwd }], builds: [{ source: 'a', cwd }, { source: 'b' }] };
  writeFileSync(file, JSON.stringify(map));
  const { tasks, builds } = loadTaskMap(file);
  expect([tasks[0].cwd, ...builds!.map((build) => build.cwd)]).toEqual([
    join(file, '..', 'worker'),
    join(file, '..', 'worker'),
    undefined,
  ]);
});

test.each([
  [{ tasks: [], builds: {} }, '`builds` must be an array'],
  [{ tasks: [], builds: [{ cwd: '.' }] }, 'builds[0] must name at least one of project, source'],
  [{ tasks: [], builds: [{ source: 'a', command: ['x'] }] }, 'builds[0] has the unknown field `command`'],
  [{ tasks: [], builds: [{ source: 'a', cwd: '/nowhere/at/all' }] }, 'builds[0].cwd is no directory: /nowhere/at/all'],
  [{}, 'expected an object with an array `tasks`'],
  [{ tasks: [{ command: ['x'] }] }, 'tasks[0] must name at least one of image, container, family, asset'],
  [{ tasks: [{ image: 'a', cmd: ['x'] }] }, 'tasks[0] has the unknown field `cmd`'],
  [{ tasks: [{ image: 'a', command: 'x' }] }, 'tasks[0].command must be an array of strings'],
  [{ tasks: [{ image: 1 }] }, 'tasks[0].image must be a string'],
  [{ tasks: [{ image: 'a', cwd: '/nowhere/at/all' }] }, 'tasks[0].cwd is no directory: /nowhere/at/all'],
  [{ tasks: [{ image: 'a', env: { A: 1 } }] }, 'tasks[0].env must map names to strings'],
])('throws for %j', (map, message) => {
  expect(() => loadTaskMap(map as TaskMap)).toThrow(message);
});

test.each([
  [{}, ['e', 'c']],
  [{ Cmd: ['x', 'y'] }, ['e', 'x', 'y']],
  [{ Entrypoint: ['z'] }, ['z']],
  [{ Entrypoint: ['z'], Cmd: ['x'] }, ['z', 'x']],
  [{ Entrypoint: [], Cmd: null }, ['e', 'c']],
])('%j over entrypoint e and command c runs %j, as in Docker', (config, argv) => {
  expect(argvOf({ Image: 'i', ...config }, { entrypoint: ['e'], command: ['c'] })).toEqual(argv);
});

test('the environment is that of the container over that of the image; addresses and credentials are ours', () => {
  const Labels = { 'com.amazonaws.ecs.task-arn': 'arn:aws:ecs:eu-west-1:1:task/c/1' };
  const Env = [
    'A=b=c',
    'EMPTY=',
    'AWS_ENDPOINT_URL=http://host.docker.internal:1',
    'ECS_CONTAINER_METADATA_URI_V4=http://host.docker.internal:1/v4/t',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI=x',
  ];
  const env = taskEnvironment(
    { Image: 'i', Env, Labels },
    { A: 'image', B: 'image' },
    { aws: 'http://127.0.0.1:2', agent: 'http://127.0.0.1:3/api/x' },
  );
  expect(env).toMatchObject({
    A: 'b=c',
    B: 'image',
    EMPTY: '',
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:2',
    ECS_AGENT_URI: 'http://127.0.0.1:3/api/x',
    ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:2/v4/t',
  });
  expect(env).not.toHaveProperty('AWS_CONTAINER_CREDENTIALS_FULL_URI');
});
