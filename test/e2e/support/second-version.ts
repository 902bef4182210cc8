import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

interface Definition {
  readonly Type: string;
  readonly Properties: {
    Cpu: string;
    Memory: string;
    readonly ContainerDefinitions: { Environment?: { Name: string; Value: string }[] }[];
  };
}

/**
 * The app after a change of its code: every function and image has another asset, every task more memory and another
 * environment.
 */
export function secondVersion(app: string): string {
  const directory = `${app}-2`;
  rmSync(directory, { recursive: true, force: true });
  cpSync(app, directory, { recursive: true });
  const names = readdirSync(directory);
  const assets = names.flatMap((name) => /^asset\.([0-9a-f]{64})$/.exec(name)?.[1] ?? []);
  const renamed = assets.map((hash) => [hash, createHash('sha256').update(`${hash} 2`).digest('hex')] as const);
  for (const [hash, next] of renamed) {
    const folder = join(directory, `asset.${next}`);
    renameSync(join(directory, `asset.${hash}`), folder);
    for (const code of ['index.js', 'index.mjs', 'index.cjs'].map((name) => join(folder, name)).filter(existsSync)) {
      appendFileSync(code, '\n// The second version\n');
    }
  }
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const file = join(directory, name);
    const text = renamed.reduce((before, [hash, next]) => before.replaceAll(hash, next), readFileSync(file, 'utf8'));
    writeFileSync(file, name.endsWith('.template.json') ? withLargerTasks(text) : text);
  }
  return directory;
}

function withLargerTasks(text: string): string {
  const template = JSON.parse(text) as { Resources: Record<string, Definition> };
  for (const { Type: type, Properties: properties } of Object.values(template.Resources)) {
    if (type === 'AWS::ECS::TaskDefinition') {
      // 0.25 vCPU may have 0.5, 1 or 2 GB; larger ones may have 1 GB more in this range
      const memory = Number(properties.Memory);
      properties.Memory = String(properties.Cpu === '256' ? memory * 2 : memory + 1_024);
      for (const container of properties.ContainerDefinitions) {
        container.Environment = [...(container.Environment ?? []), { Name: 'VERSION', Value: '2' }];
      }
    }
  }
  return JSON.stringify(template);
}
