import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as ts from 'typescript';
import { makeArtifacts } from './support/artifacts';

const root = resolve(__dirname, '..');

interface Assembly {
  readonly types: Record<string, { readonly name: string; readonly kind: string }>;
}

makeArtifacts('constructs');
const assembly = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8')) as Assembly;
const types = Object.values(assembly.types);

/** The names that an index file exports, one by one. */
function exportedNames(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2023);
  return source.statements
    .flatMap((statement) => {
      if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) {
        throw new Error(`${file}: only named re-exports belong here, not: ${statement.getText(source)}`);
      }
      return statement.exportClause.elements.map((element) => element.name.text);
    })
    .sort();
}

describe('the public API of cdk-fileworks', () => {
  test('is what src/index.ts names; jsii dropped none of it in silence', () => {
    expect(types.map(({ name }) => name).sort()).toEqual(exportedNames('src/index.ts'));
  });

  test('changes only on purpose', () => {
    expect(exportedNames('src/index.ts')).toMatchSnapshot();
  });

  test('loads a construct when it is first asked for, and has each under its name', () => {
    const { atFirst, withOne, kinds } = JSON.parse(
      execFileSync(
        process.execPath,
        [
          '-e',
          `
      const loaded = () => [...new Set(Object.keys(require.cache).flatMap((file) => /lib.constructs.([^/\\\\]+)/.exec(file)?.[1] ?? []))];
      const fileworks = require('./lib/index.js');
      const atFirst = loaded();
      fileworks.PipelineVpcEndpoints;
      const withOne = loaded();
      console.log(JSON.stringify({ atFirst, withOne, kinds: Object.fromEntries(Object.keys(fileworks).map((name) => [name, typeof fileworks[name]])) }));
    `,
        ],
        { cwd: root, encoding: 'utf8' },
      ),
    ) as { atFirst: string[]; withOne: string[]; kinds: Record<string, string> };
    expect(atFirst).toEqual([]);
    expect(withOne).toEqual(expect.arrayContaining(['pipeline-vpc-endpoints']));
    expect(withOne).not.toContain('typed-dispatcher');
    const values = types
      .filter(({ kind }) => kind !== 'interface')
      .map(({ name, kind }) => [name, kind === 'class' ? 'function' : 'object']);
    expect(kinds).toEqual(Object.fromEntries(values));
  });
});

describe('the public API of fileworks-runtime', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'src', 'runtime', 'package.json'), 'utf8')) as {
    exports: Record<string, { readonly import: { readonly types: string } }>;
  };
  /** Source file of each path that a user can import from. */
  const entries = Object.entries(exports)
    .filter(([path]) => path !== './package.json')
    .map(
      ([
        path,
        {
          import: { types: file },
        },
      ]): [string, string] => [
        path.replace(/^\./, 'fileworks-runtime'),
        file.replace('./dist/esm', 'src').replace(/\.d\.ts$/, '.ts'),
      ],
    );

  test.each(entries)('of %s changes only on purpose', (_, file) => {
    expect(exportedNames(file)).toMatchSnapshot();
  });

  test.each(entries)('of %s is small: 80 names for the root, 60 for a subpath', (path, file) => {
    const names = exportedNames(file);
    expect(names).toEqual([...new Set(names)]);
    expect(names.length).toBeLessThanOrEqual(path === 'fileworks-runtime' ? 80 : 60);
  });

  test('has each name in one place', () => {
    const paths = new Map<string, string[]>();
    for (const [path, file] of entries) {
      exportedNames(file).forEach((name) => paths.set(name, [...(paths.get(name) ?? []), path]));
    }
    expect([...paths].filter(([, of]) => of.length > 1)).toEqual([
      // In dispatch a type, in NestJS the decorator of a class
      ['FileHandler', ['fileworks-runtime/dispatch', 'fileworks-runtime/nestjs']],
      // The schema of one event: exports and batches have events
      ['EventSchema', ['fileworks-runtime/exports', 'fileworks-runtime/batch']],
    ]);
  });
});
