// Writes every index of lib/ anew, from the exports of its source, so that a file is loaded when one of its exports is
// first used: an app that uses one construct need not load all of them.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { fail, root } from './steps.ts';

const require = createRequire(import.meta.url);

/** The values that an index exports, each with the file that has it. */
function exportsOf(index: string): (readonly [name: string, from: string])[] {
  const source = ts.createSourceFile(index, readFileSync(join(root, 'src', index), 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) => {
    if (
      !ts.isExportDeclaration(statement) ||
      !statement.exportClause ||
      !ts.isNamedExports(statement.exportClause) ||
      !statement.moduleSpecifier ||
      !ts.isStringLiteral(statement.moduleSpecifier)
    ) {
      return fail(`src/${index} may have \`export { … } from '…'\` and nothing else, because it is loaded on demand`);
    }
    const { text: from } = statement.moduleSpecifier;
    return statement.isTypeOnly
      ? []
      : statement.exportClause.elements
          .filter(({ isTypeOnly }) => !isTypeOnly)
          .map(({ name }) => [name.text, from] as const);
  });
}

/** The first line is how Node.js finds the names of a CommonJS module that an ES module imports. */
const render = (values: readonly (readonly [string, string])[]) => `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
${values.map(([name]) => `exports.${name} = `).join('')}void 0;
${values
  .map(
    ([name, from]) =>
      `Object.defineProperty(exports, "${name}", { enumerable: true, get: () => require("${from}").${name} });\n`,
  )
  .join('')}`;

for (const index of globSync('{index.ts,constructs/**/index.ts}', { cwd: join(root, 'src') })) {
  const values = exportsOf(index);
  const file = join(root, 'lib', index.replace(/\.ts$/, '.js'));
  writeFileSync(file, render(values));
  const loaded = require(file) as Record<string, unknown>;
  for (const [name] of values.filter(([value]) => loaded[value] === undefined)) {
    fail(`src/${index} exports ${name}, which is no value: write \`type ${name}\``);
  }
}
