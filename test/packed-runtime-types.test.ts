import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installRuntime, root, RUNTIME_PATHS } from './support/packed.js';

const run = promisify(execFile);
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

const MODES = {
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'preserve', moduleResolution: 'bundler' },
};

/** A type that could not be read is `any`, and would take everything. */
const WRONG = `// @ts-expect-error -- a handler is a function
void root.runWorker('no handler');
`;

/** One project for each set of optional peers, so that a path that needs none is compiled without any. */
const projects = [...new Set(RUNTIME_PATHS.map(([, , peers]) => peers.join(' ')))].map((peers) => ({
  peers: peers.split(' ').filter((name) => name !== ''),
  paths: RUNTIME_PATHS.filter(([, , needed]) => needed.join(' ') === peers).map(([path]) => path),
}));

describe('the types of the packed fileworks-runtime', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-types-'));

  beforeAll(() => {
    // What every program for Node.js in TypeScript has
    mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
    symlinkSync(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'));
    projects.forEach(({ peers, paths }, index) => {
      const project = join(folder, String(index));
      installRuntime(project, [...peers, ...(peers.includes('pg') ? ['@types/pg'] : [])]);
      const all = ['fileworks-runtime', ...paths.filter((path) => path !== 'fileworks-runtime')];
      const nameOf = (at: number) => (at === 0 ? 'root' : `path${at}`);
      const list = `export const all = [${all.map((_, at) => nameOf(at)).join(', ')}];\n`;
      const imports = all.map((path, at) => `import * as ${nameOf(at)} from '${path}';\n`).join('');
      const requires = all.map((path, at) => `import ${nameOf(at)} = require('${path}');\n`).join('');
      writeFileSync(join(project, 'package.json'), '{ "private": true }');
      writeFileSync(join(project, 'module.mts'), `${imports}${list}${WRONG}`);
      writeFileSync(join(project, 'common.cts'), `${requires}${list}${WRONG}`);
    });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.entries(MODES))(
    'compile with strict and without skipLibCheck under %s, imported and required',
    async (mode, resolution) => {
      const config = join(folder, `tsconfig.${mode}.json`);
      writeFileSync(
        config,
        JSON.stringify({
          compilerOptions: {
            ...resolution,
            target: 'es2023',
            lib: ['es2023'],
            types: ['node'],
            strict: true,
            skipLibCheck: false,
            noEmit: true,
          },
          include: ['*/module.mts', '*/common.cts'],
        }),
      );
      const { stdout } = await run(process.execPath, [tsc, '-p', config]).catch(
        (error: unknown) => error as { readonly stdout: string },
      );
      expect(stdout).toBe('');
    },
    240_000,
  );
});
