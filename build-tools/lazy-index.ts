// Lets lib/index.js load a construct when it is first asked for, as aws-cdk-lib does: an app that uses one need not
// load all of them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root } from './steps.ts';

const file = join(root, 'lib', 'index.js');
const paths = new Map<string, string>();
const lazy = readFileSync(file, 'utf8')
  .replace(/^var (\w+) = require\(("[^"]+")\);\n/gm, (_, variable: string, path: string) => {
    paths.set(variable, path);
    return '';
  })
  .replace(
    /\breturn (\w+)\.(\w+);/g,
    (_, variable: string, name: string) =>
      `return require(${paths.get(variable) ?? fail(`${variable} is of no require in ${file}`)}).${name};`,
  );

if (/^(?!Object\.defineProperty\(exports, ).*\brequire\(/m.test(lazy)) {
  fail(`${file} loads something at once; does tsc write re-exports otherwise now?`);
}
writeFileSync(file, lazy);
