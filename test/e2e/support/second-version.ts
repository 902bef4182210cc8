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

/** A template of an app, as JSON. */
export interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: object }>;
}

interface Definition {
  Cpu: string;
  Memory: string;
  readonly ContainerDefinitions: { Environment?: { Name: string; Value: string }[] }[];
}

export interface VersionOptions {
  /** The value of `VERSION` in tasks. Default: 2. */
  readonly version?: string;
  /** Follows the code of each function. Default: nothing. */
  readonly code?: string;
  /** Changes a template further. */
  readonly change?: (template: Template) => void;
}

/**
 * The app after a change of its code: every function and image has another asset, every task more memory and another
 * environment.
 */
export function secondVersion(
  app: string,
  { version = '2', code = '', change = () => undefined }: VersionOptions = {},
): string {
  const directory = `${app}-${version}`;
  rmSync(directory, { recursive: true, force: true });
  cpSync(app, directory, { recursive: true });
  const names = readdirSync(directory);
  const assets = names.flatMap((name) => /^asset\.([0-9a-f]{64})$/.exec(name)?.[1] ?? []);
  const renamed = assets.map(
    (hash) => [hash, createHash('sha256').update(`${hash} ${version}`).digest('hex')] as const,
  );
  for (const [hash, next] of renamed) {
    const folder = join(directory, `asset.${next}`);
    renameSync(join(directory, `asset.${hash}`), folder);
    for (const file of ['index.js', 'index.mjs', 'index.cjs'].map((name) => join(folder, name)).filter(existsSync)) {
      appendFileSync(file, `\n// Version ${version}\n${code}\n`);
    }
  }
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const file = join(directory, name);
    const text = renamed.reduce((before, [hash, next]) => before.replaceAll(hash, next), readFileSync(file, 'utf8'));
    writeFileSync(file, name.endsWith('.template.json') ? changed(text) : text);
  }
  return directory;

  function changed(text: string): string {
    const template = JSON.parse(text) as Template;
    enlargeTasks(template, version);
    change(template);
    return JSON.stringify(template);
  }
}

function enlargeTasks({ Resources: resources }: Template, version: string): void {
  for (const { Type: type, Properties: properties } of Object.values(resources)) {
    if (type === 'AWS::ECS::TaskDefinition') {
      const task = properties as Definition;
      // 0.25 vCPU may have 0.5, 1 or 2 GB; larger ones may have 1 GB more in this range
      const memory = Number(task.Memory);
      task.Memory = String(task.Cpu === '256' ? memory * 2 : memory + 1_024);
      for (const container of task.ContainerDefinitions) {
        container.Environment = [...(container.Environment ?? []), { Name: 'VERSION', Value: version }];
      }
    }
  }
}
