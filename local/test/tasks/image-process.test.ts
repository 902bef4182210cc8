import { chmodSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Commands } from '../../src/tasks/commands';
import { imageProcess } from '../../src/tasks/image-process';

type Files = Readonly<Record<string, string>>;

/** A project with these files, and the folder of `staged` in its cloud assembly. */
function project(staged: Files, files: Files = {}): { root: string; directory: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'fileworks-local-image-')));
  const directory = join(root, 'cdk.out', 'asset.1');
  const all = [
    ...Object.entries(staged).map(([name, text]) => [join(directory, name), text]),
    ...Object.entries(files).map(([name, text]) => [join(root, name), text]),
  ];
  for (const [path, text] of all) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return { root, directory };
}

const program = { 'main.mjs': '', 'package.json': '{}' };
const DOCKERFILE =
  'FROM node:24\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY main.mjs ./\nCMD ["node", "main.mjs"]';

describe('the folder of a process', () => {
  const staged = { Dockerfile: DOCKERFILE, ...program };
  const at = (folder: string, files: Files) =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

  test('is that of the sources, where the packages are installed that .dockerignore excludes', () => {
    const { root, directory } = project(staged, at('services/worker', staged));
    expect(imageProcess({ directory })).toEqual({
      entrypoint: [],
      command: ['node', 'main.mjs'],
      cwd: join(root, 'services', 'worker'),
      env: {},
      hasRun: true,
    });
  });

  test('is that of the sources when they were changed since', () => {
    const { root, directory } = project(staged, at('worker', { ...staged, 'main.mjs': 'changed' }));
    expect(imageProcess({ directory }).cwd).toBe(join(root, 'worker'));
  });

  test('is the one with the same content when several look alike', () => {
    const { root, directory } = project(staged, {
      ...at('a', { ...staged, 'main.mjs': 'another' }),
      ...at('b', staged),
    });
    expect(imageProcess({ directory }).cwd).toBe(join(root, 'b'));
  });

  test.each([
    ['none has these files', at('worker', { Dockerfile: DOCKERFILE })],
    ['none has this Dockerfile', at('worker', { ...staged, Dockerfile: 'FROM a' })],
    [
      'it is another cloud assembly or a package',
      { ...at('node_modules/a', staged), ...at('x/cdk.out/asset.1', staged) },
    ],
    [
      'several look alike and none is the same',
      { ...at('a', { ...staged, 'main.mjs': '1' }), ...at('b', { ...staged, 'main.mjs': '2' }) },
    ],
  ])('is the copy in the cloud assembly when %s', (_when, files) => {
    const { directory } = project(staged, files);
    expect(imageProcess({ directory }).cwd).toBe(directory);
  });
});

describe('paths of the image', () => {
  test.each([
    [
      'files without WORKDIR',
      'COPY index.js /gate/index.js\nENTRYPOINT ["node", "/gate/index.js"]',
      { command: ['node', '<context>/index.js'], cwd: '<context>' },
    ],
    [
      'a folder of the context that is the working directory',
      'WORKDIR /app\nCOPY worker/package.json ./\nCOPY worker/src ./src\nCMD node src/a.js --file /app/src/b.js --out=/app/c /tmp/x http://host/app',
      {
        command: [
          ...['/bin/sh', '-c'],
          'node src/a.js --file <context>/worker/src/b.js --out=<context>/worker/c /tmp/x http://host/app',
        ],
        cwd: '<context>/worker',
      },
    ],
    [
      'the output of another stage',
      'WORKDIR /src\nCOPY . .\nRUN npm run build\nFROM node:24\nWORKDIR /app\nCOPY --from=build /src/node_modules ./node_modules\nCOPY --from=build /src/dist .\nCMD ["node", "/app/main.js"]',
      { command: ['node', '<context>/dist/main.js'], cwd: '<context>', hasRun: true },
    ],
    [
      'values of variables',
      'WORKDIR /srv/app\nCOPY [".", "."]\nENV PYTHONPATH=/srv/app/lib:/usr/lib HOME_PAGE=https://srv/app X=/srv/application\nCMD ["node"]',
      {
        env: { PYTHONPATH: '<context>/lib:/usr/lib', HOME_PAGE: 'https://srv/app', X: '/srv/application' },
        cwd: '<context>',
      },
    ],
    [
      'the root, which holds more than what is copied there',
      'COPY . /\nENTRYPOINT ["/bin/sh", "/main.mjs"]',
      { command: ['/bin/sh', '<context>/main.mjs'], cwd: '<context>' },
    ],
    [
      'an image, an address or lines of the Dockerfile that are copied',
      'COPY --from=registry/other /x /app/x\nADD https://example.com/a /app/a\nCOPY <<EOF /app/b\ntext\nEOF\nWORKDIR /app\nCMD ["node", "x"]',
      { command: ['node', 'x'], cwd: '<context>' },
    ],
  ])('are those of the files: %s', (_what, text, expected) => {
    const { directory } = project({ Dockerfile: `FROM node:24 AS build\n${text}`, 'worker/src/a.js': '', ...program });
    const { entrypoint, command, ...rest } = imageProcess({ directory });
    const actual = { command: [...entrypoint, ...command], ...rest };
    expect(JSON.parse(JSON.stringify(actual).replaceAll(directory, '<context>'))).toMatchObject(expected);
  });
});

describe('the program', () => {
  const run = (text: string, files: Files = {}) => {
    const { directory } = project({ Dockerfile: `FROM python:3.14\nWORKDIR /app\nCOPY . .\n${text}`, ...files });
    return imageProcess({ directory });
  };

  test('is the one on the PATH for that of the base image', () => {
    expect(run('ENTRYPOINT ["/no/such/folder/bin/node", "x"]').entrypoint).toEqual(['node', 'x']);
  });

  test('may be a file of the project, or on the PATH that the Dockerfile sets', () => {
    expect(run('CMD ["./run.sh"]', { 'run.sh': '' }).command).toEqual(['./run.sh']);
    const { root, directory } = project({
      Dockerfile: 'FROM a\nWORKDIR /app\nCOPY . .\nENV PATH=/app/bin:$PATH\nCMD ["tool"]',
      'bin/tool': '',
    });
    chmodSync(join(directory, 'bin', 'tool'), 0o755);
    expect(root).toBeTruthy();
    expect(imageProcess({ directory }).command).toEqual(['tool']);
  });

  test.each([
    ['CMD ["no-such-program"]', 'the program no-such-program of its Dockerfile is not on the PATH of this machine'],
    ['USER x', 'its Dockerfile has neither ENTRYPOINT nor CMD, and those of python:3.14 are not known here'],
  ])('fails for %s', (text, message) => {
    expect(() => run(text)).toThrow(message);
  });

  test('fails without a Dockerfile, and takes one of another name', () => {
    const { directory } = project({ 'docker/Other': 'FROM a\nCMD ["node"]' });
    expect(() => imageProcess({ directory })).toThrow(/^its Dockerfile cannot be read: ENOENT/);
    expect(imageProcess({ directory, dockerFile: 'docker/Other' }).command).toEqual(['node']);
  });
});

describe('the command of an image', () => {
  const lines: string[] = [];
  const { directory } = project({ Dockerfile: DOCKERFILE, ...program });
  const assets = [
    { tag: 'abc', names: ['Unpacker/Worker/AssetImage', 'abc'], build: { directory } },
    { tag: 'def', names: ['Built/AssetImage'] },
  ];
  const commands = (tasks: Parameters<typeof makeMap>[0] = [], readsDockerfiles = true) => {
    lines.length = 0;
    const made = new Commands(makeMap(tasks), readsDockerfiles, (line) => lines.push(line));
    made.useAssets(assets);
    return made;
  };
  const makeMap = (tasks: { asset?: string; container?: string; command?: string[] }[]) => ({ tasks });

  test('is that of its entry, and without one that of its Dockerfile, which is printed once', () => {
    const own = commands([{ asset: 'unpacker/*', command: ['own'] }]);
    expect(own.find({ image: 'repository:abc' })?.command).toEqual(['own']);
    expect(lines).toEqual([]);

    const derived = commands();
    expect(derived.mayRun('repository:abc')).toBe(true);
    expect(derived.find({ image: 'repository:abc' })).toMatchObject({ command: ['node', 'main.mjs'], cwd: directory });
    expect(lines).toEqual([
      `Unpacker/Worker/AssetImage: its Dockerfile says to run \`node main.mjs\`, in ${directory}; its RUN instructions are not run: install and build there what they do`,
    ]);
  });

  test('is left to the Docker engine when there is one', () => {
    expect(commands([], false).mayRun('repository:abc')).toBe(false);
  });

  test('is missing for any other image: an entry to paste is printed once', () => {
    const unknown = commands();
    const identity = { image: 'nginx:1', container: 'web', family: 'front' };
    const message =
      'No such image (image not found): no entry of the task map stands for the image nginx:1 (container web of family front)';
    expect([unknown.missing(identity), unknown.missing(identity)]).toEqual([message, message]);
    expect(unknown.missing({ image: 'repository:def' })).toBe(
      'No such image (image not found): no entry of the task map stands for the image repository:def, and a command builds it, not a Dockerfile',
    );
    expect(lines.map((line) => line.split('\n  '))).toEqual([
      [
        'no entry of the task map stands for the image nginx:1 (container web of family front); add one with its command to tasks.json:',
        '{"tasks":[{"image":"nginx:1","command":["program","argument"],"cwd":"folder"}]}',
      ],
      [
        'no entry of the task map stands for the image Built/AssetImage, and a command builds it, not a Dockerfile; add one with its command to tasks.json:',
        '{"tasks":[{"asset":"Built/AssetImage","command":["program","argument"],"cwd":"folder"}]}',
      ],
    ]);
  });

  test('has no entry that matches: what would match is printed', () => {
    commands([{ asset: 'unpacker/*' }, { asset: 'Unpaker*' }, { container: 'any' }]);
    expect(lines).toEqual([
      'tasks[1].asset "Unpaker*" matches no image asset; these would match: "Unpacker/Worker/AssetImage", "Built/AssetImage"',
    ]);
    new Commands(makeMap([{ asset: 'x' }]), true, (line) => lines.push(line)).useAssets([]);
    expect(lines.at(-1)).toBe('tasks[0].asset "x" matches no image asset; the app has none');
  });
});
