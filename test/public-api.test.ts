import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as ts from 'typescript';

const root = resolve(__dirname, '..');

interface Assembly { readonly types: Record<string, { readonly name: string }> }

const assembly = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8')) as Assembly;
const types = Object.values(assembly.types);

/** The names that an index file exports, one by one. */
function exportedNames(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2023);
  return source.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) {
      throw new Error(`${file}: only named re-exports belong here, not: ${statement.getText(source)}`);
    }
    return statement.exportClause.elements.map((element) => element.name.text);
  }).sort();
}

describe('the public API of cdk-fileworks', () => {
  test('is what src/index.ts names; jsii dropped none of it in silence', () => {
    expect(types.map(({ name }) => name).sort()).toEqual(exportedNames('src/index.ts'));
  });

  test('changes only on purpose', () => {
    expect(exportedNames('src/index.ts')).toMatchSnapshot();
  });
});

describe('the public API of fileworks-runtime', () => {
  test('changes only on purpose', () => {
    expect(exportedNames('src/runtime/index.ts')).toMatchSnapshot();
  });
});
