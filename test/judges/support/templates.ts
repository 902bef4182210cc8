import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Place, Resolver, type Resource, type Template } from './resolve';

const FOLDER = resolve('build/judges/templates');
/** The network and the cluster that the constructs are given: no template of ours. */
const SHARED = 'Shared.template.json';

export interface Stack extends Resolver {
  /** `<app>/<stack>`. */
  readonly name: string;
  readonly file: string;
}

const partitionOf = (region: string) =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

/** The apps of test/judges/templates/write.ts: without a region, with long paths, and one for each region. */
export function apps(): string[] {
  if (!existsSync(FOLDER)) {
    throw new Error('there are no templates to judge: run `npm run judges`, which makes them');
  }
  return readdirSync(FOLDER).sort();
}

export function files(app: string): string[] {
  return readdirSync(join(FOLDER, app))
    .filter((file) => file.endsWith('.template.json') && file !== SHARED)
    .map((file) => join(FOLDER, app, file));
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Template;

/** Every stack of every app, but for the paths that descriptions cannot hold: they differ in no other text. */
export function stacks(): Stack[] {
  return apps()
    .filter((app) => app !== 'long-path')
    .flatMap((app) => {
      const region = app === 'any-region' ? 'eu-west-1' : app;
      const place = { region, partition: partitionOf(region), account: '111122223333' };
      const shared = new Resolver(read(join(FOLDER, app, SHARED)), { ...place, exports: {} });
      const given: Place = { ...place, exports: exportsOf(shared) };
      return files(app).map((file) =>
        Object.assign(new Resolver(read(file), given), {
          file,
          name: `${app}/${/([^/]+)\.template\.json$/.exec(file)?.[1]}`,
        }),
      );
    });
}

function exportsOf(stack: Resolver): Record<string, unknown> {
  return Object.fromEntries(
    Object.values(stack.template.Outputs ?? {}).map(({ Value: value, Export: exported }) => [
      exported?.Name ?? '',
      stack.resolve(value),
    ]),
  );
}

/** The resources of some types, with their resolved properties. */
export function resourcesOf(stack: Stack, ...types: string[]): { id: string; type: string; properties: unknown }[] {
  const found = Object.entries<Resource>(stack.template.Resources).filter(([, { Type: type }]) => types.includes(type));
  return found.map(([id, { Type: type, Properties: properties }]) => ({
    id,
    type,
    properties: stack.resolve(properties ?? {}),
  }));
}
