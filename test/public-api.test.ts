import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as ts from 'typescript';

const root = resolve(__dirname, '..');

interface Assembly {
  readonly types: Record<string, { readonly name: string; readonly kind: string }>;
}

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
  test('changes only on purpose', () => {
    expect(exportedNames('src/runtime/index.ts')).toMatchSnapshot();
  });
});
