import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkerEnv } from '../src/contract/worker-env.js';
import { objectCreatedEvent } from '../src/runtime/testing/index.js';
import { fences } from './docs/pages';
import { StubSqs } from './runtime/support/stub-sqs.js';
import { installRuntime, root, RUNTIME_PATHS } from './support/packed.js';

const PAGE = 'docs/runtime/bundling.md';
const onPage = (language: string) => fences.filter((fence) => fence.page === PAGE && fence.language === language);
const commands = onPage('sh').map(({ text }): [string, string] => [/--format=(\w+)/.exec(text)?.[1] ?? '', text]);
const [program] = onPage('ts').map(({ text }) => text);
const optional = RUNTIME_PATHS.filter(([, , peers]) => peers.length === 0);

describe(`the commands of ${PAGE}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-bundle-'));
  /** Where nothing is installed. */
  const image = join(folder, 'image');
  const project = join(folder, 'project');

  const bundle = (source: string, command: string): string => {
    const file = /--outfile=(\S+)/.exec(command)?.[1] ?? '';
    writeFileSync(join(project, 'main.ts'), source);
    execFileSync('sh', ['-c', command.replace('npx esbuild', '"$ESBUILD" --log-level=warning')], {
      cwd: project,
      env: { ...process.env, ESBUILD: join(root, 'node_modules', '.bin', 'esbuild') },
      stdio: 'pipe',
    });
    copyFileSync(join(project, file), join(image, file));
    return file;
  };

  beforeAll(() => {
    mkdirSync(image);
    installRuntime(project);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are one for each format', () => {
    expect(commands.map(([format]) => format)).toEqual(['cjs', 'esm']);
  });

  test.each(commands)('make a worker of %s that handles a message and drains', async (_, command) => {
    const convert = 'const convert = async (object: unknown, options: object) => void [object, options];\n';
    const file = bundle(`${convert}${program}`, command);
    const sqs = new StubSqs();
    await sqs.listen();
    try {
      sqs.queue('jobs').send(JSON.stringify(objectCreatedEvent({ key: 'in/a.zip' })));
      const worker = spawn(process.execPath, [file], {
        cwd: image,
        env: {
          [WorkerEnv.queueUrl]: sqs.urlOf('jobs'),
          AWS_ENDPOINT_URL: sqs.endpoint,
          AWS_REGION: 'eu-west-1',
          AWS_ACCESS_KEY_ID: 'local',
          AWS_SECRET_ACCESS_KEY: 'local',
        },
      });
      let output = '';
      const exit = once(worker, 'close');
      for (const stream of [worker.stdout, worker.stderr]) {
        stream.on('data', (data: Buffer) => {
          output += data.toString();
          if (output.includes('converted')) {
            worker.kill('SIGTERM');
          }
        });
      }
      const [code] = (await exit) as [number | null];
      expect(output).toContain('"key":"in/a.zip","msg":"converted"');
      expect(code).toBe(0);
      expect(sqs.queue('jobs').deleted).toHaveLength(1);
    } finally {
      await sqs.close();
    }
  });

  test.each(commands)('make a program of %s from each path without its optional peers', (_, command) => {
    const imports = optional.map(([path, name], at) => `import { ${name} as name${at} } from '${path}';\n`).join('');
    const names = optional.map(([, name], at) => `[${JSON.stringify(name)}, typeof name${at}]`).join(', ');
    const file = bundle(`${imports}console.log(JSON.stringify([${names}]));\n`, command);
    const printed = execFileSync(process.execPath, [file], { cwd: image, encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual(optional.map(([, name]) => [name, 'function']));
  });

  test.each(commands)('make a program of %s that names the optional peer that it misses', (_, command) => {
    const source = `
      import { eventBridgeEvents } from 'fileworks-runtime/exports';
      eventBridgeEvents({ client: { send: async () => ({}) }, eventBusName: 'bus' })('', {}).catch(({ message }) => console.log(message));
    `;
    const printed = execFileSync(process.execPath, [bundle(source, command)], { cwd: image, encoding: 'utf8' });
    expect(printed.trim()).toBe(
      'the package @aws-sdk/client-eventbridge, an optional peer dependency of fileworks-runtime, cannot be loaded',
    );
  });
});
