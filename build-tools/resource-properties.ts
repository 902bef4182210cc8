/**
 * Writes the names of the properties that CloudFormation knows, of every resource type that the local cloud deploys or
 * leaves out: local/emulator/limits/resource-properties.json. With --check it only compares.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { LEFT_OUT } from '../local/lib/deploy/unsupported.js';
import { EMULATOR_DIR, ensureToolchain } from '../local/lib/emulator/toolchain.js';

/** Name of a type in `types`, its properties, [shape of an item], shapes of values under `*`, or 0 for anything. */
type Shape = string | 0 | { readonly [property: string]: Shape } | readonly Shape[];

const FILE = join(import.meta.dirname, '..', 'local', 'emulator', 'limits', 'resource-properties.json');
const EMULATED = `
import json, patches
list(patches.apply_all())
from ministack.services.cloudformation import provisioners
print("types", json.dumps([*provisioners._RESOURCE_HANDLERS]))
`;

async function emulatedTypes(): Promise<string[]> {
  const toolsDir = resolve(process.env['FILEWORKS_TOOLS_DIR'] ?? '.tools');
  const python = await ensureToolchain({ toolsDir, python: 'python3', line: console.error });
  const printed = execFileSync(python, ['-B', '-c', EMULATED], {
    cwd: EMULATOR_DIR,
    env: { ...process.env, MINISTACK_ACCOUNT_ID: '000000000000', PYTHONPATH: EMULATOR_DIR },
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  // Patches write to the log as well.
  return JSON.parse(/^types (.*)$/m.exec(printed)?.[1] ?? '[]') as string[];
}

function describe(names: readonly string[]): string {
  const spec = loadAwsServiceSpecSync();
  const lines = names.flatMap((name) => {
    const resource = spec.lookup('resource', 'cloudFormationType', 'equals', name).at(0);
    if (!resource) {
      return [];
    }
    const types: Record<string, Shape> = {};
    type Property = (typeof resource.properties)[string];
    const shapesOf = (properties: Readonly<Record<string, Property>>): Record<string, Shape> =>
      Object.fromEntries(Object.entries(properties).map(([key, { type }]) => [key, shapeOf(type)]));
    const shapeOf = (type: Property['type']): Shape => {
      if (type.type === 'ref') {
        const definition = spec.get('typeDefinition', type.reference.$ref);
        if (!(definition.name in types)) {
          types[definition.name] = 0; // Types may contain themselves.
          types[definition.name] = shapesOf(definition.properties);
        }
        return definition.name;
      }
      if (type.type === 'array' || type.type === 'map') {
        const element = shapeOf(type.element);
        return element === 0 ? 0 : type.type === 'array' ? [element] : { '*': element };
      }
      return 0; // A scalar, a document, or a choice between types.
    };
    const properties = shapesOf(resource.properties);
    return [`${JSON.stringify(name)}: ${JSON.stringify({ properties, types })}`];
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

const made = describe([...new Set([...(await emulatedTypes()), ...Object.keys(LEFT_OUT)])].sort());
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, made);
} else if (readFileSync(FILE, 'utf8') !== made) {
  console.error(`${FILE} is not what @aws-cdk/aws-service-spec says; run npx projen resource-properties`);
  process.exitCode = 1;
}
