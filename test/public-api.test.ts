import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as ts from 'typescript';

const root = resolve(__dirname, '..');

interface Assembly { readonly types: Record<string, AssemblyType> }
interface AssemblyType {
  readonly name: string;
  readonly kind: string;
  readonly properties?: Member[];
  readonly methods?: Member[];
}
interface Member {
  readonly name: string;
  readonly optional?: boolean;
  readonly docs?: { readonly summary?: string; readonly default?: string };
  readonly type?: unknown;
  readonly returns?: { readonly type: unknown };
}

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

  test('has no union and no any: other languages lose them', () => {
    const members = types.flatMap((type) => [...type.properties ?? [], ...type.methods ?? []].map((member) => ({
      where: `${type.name}.${member.name}`,
      text: JSON.stringify([member.type, member.returns]),
    })));
    expect(members.filter(({ text }) => text.includes('"union"') || text.includes('"primitive":"any"') || text.includes('"primitive":"json"')).map(({ where }) => where)).toEqual([]);
  });

  test('says what every type and member is for', () => {
    const silent = types.flatMap((type) => [...type.properties ?? [], ...type.methods ?? []].filter(({ docs }) => !docs?.summary).map(({ name }) => `${type.name}.${name}`));
    expect(silent).toEqual([]);
  });

  test('states the default of every optional prop', () => {
    const props = types.filter(({ kind, name }) => kind === 'interface' && /(Props|Options)$/.test(name));
    const silent = props.flatMap((type) => (type.properties ?? []).filter(({ optional, docs }) => optional && !docs?.default).map(({ name }) => `${type.name}.${name}`));
    expect(silent).toEqual([]);
  });
});

describe('the public API of fileworks-runtime', () => {
  test('changes only on purpose', () => {
    expect(exportedNames('src/runtime/index.ts')).toMatchSnapshot();
  });
});
