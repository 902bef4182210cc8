// Writes the API as it is now to test/fixtures/api-baseline/, the state that `npm run compat` holds later ones against.
// Without documentation and places in the sources, a line for each type: small, and a diff that a reviewer can read.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.ts';

const folder = join(root, 'test', 'fixtures', 'api-baseline');
const unneeded = new Set(['docs', 'locationInModule', 'symbolId']);
const assembly = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8'), (key, value: unknown) => unneeded.has(key) ? undefined : value) as Record<string, unknown>;
const { schema, name, version, dependencies, types } = assembly;
const lines = Object.entries(types as Record<string, unknown>).map(([fqn, type]) => `${JSON.stringify(fqn)}: ${JSON.stringify(type)}`);
const head = JSON.stringify({ schema, name, version, dependencies }).slice(0, -1);

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, '.jsii'), `${head}, "types": {\n${lines.join(',\n')}\n}}\n`);
// jsii-diff finds what the assembly refers to by the dependencies of its package
writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies, jsii: {} }, null, 2)}\n`);
