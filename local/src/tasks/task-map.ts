import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LocalCloudError, messageOf } from '../errors';
import type { BuildMapEntry } from '../types';

/** How CDK would build an image. */
export interface ImageBuild {
  /** The copy of the context in the cloud assembly. */
  readonly directory: string;
  /** Default: `Dockerfile`. */
  readonly dockerFile?: string;
  readonly target?: string;
  readonly args?: Readonly<Record<string, string>>;
}

/** An entry of `tasks.json`: all given fields must match; `*` matches any characters. */
export interface TaskMapEntry {
  /** Image reference as in the deployed task definition. */
  readonly image?: string;
  /** Name of the container in the task definition. */
  readonly container?: string;
  /** Family of the task definition. */
  readonly family?: string;
  /** Display name, hash or staged directory of the CDK image asset, in any case. */
  readonly asset?: string;
  /** Stands for the image's ENTRYPOINT. Default: none. */
  readonly entrypoint?: readonly string[];
  /** Stands for the image's CMD. Default: none. */
  readonly command?: readonly string[];
  /** Working directory; relative to the file. Default: the directory of the file. */
  readonly cwd?: string;
  /** Variables of the image; the container's own win. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface TaskMap {
  readonly tasks: readonly TaskMapEntry[];
  /** Default: builds have no source but that of their project in S3. */
  readonly builds?: readonly BuildMapEntry[];
}

/** The fields that an entry is matched against. */
export interface ContainerIdentity {
  readonly image: string;
  readonly container?: string;
  readonly family?: string;
}

/** A CDK image asset: its tag in the registry, and the names that match it, its display name first. */
export interface ImageAsset {
  readonly tag: string;
  readonly names: readonly string[];
  /** Absent when a command builds it. */
  readonly build?: ImageBuild;
}

/** The fields of an entry: which are matched, which are lists. */
interface Shape {
  readonly matchers: readonly string[];
  readonly arrays: readonly string[];
}

const TASK: Shape = { matchers: ['image', 'container', 'family', 'asset'], arrays: ['entrypoint', 'command'] };
const BUILD: Shape = { matchers: ['project', 'source'], arrays: [] };

/** Reads and checks a task map; makes its paths absolute. */
export function loadTaskMap(source: string | TaskMap | undefined): TaskMap {
  if (source === undefined) {
    return { tasks: [], builds: [] };
  }
  if (typeof source !== 'string') {
    return checked(source, 'tasks', process.cwd());
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(source, 'utf8'));
  } catch (error) {
    throw new LocalCloudError('TasksInvalid', `cannot read the task map ${source}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return checked(parsed, source, dirname(resolve(source)));
}

function checked(map: unknown, name: string, base: string): TaskMap {
  const fail = (problem: string): never => {
    throw new LocalCloudError('TasksInvalid', `${name}: ${problem}`);
  };
  if (!isObject(map) || !Array.isArray(map['tasks'])) {
    return fail('expected an object with an array `tasks`');
  }
  const { tasks, builds = [] } = map;
  if (!Array.isArray(builds)) {
    return fail('`builds` must be an array');
  }
  return {
    tasks: tasks.map((entry: unknown, index): TaskMapEntry => checkedEntry(entry, TASK, base, failAt('tasks', index))),
    builds: builds.map((entry: unknown, index): BuildMapEntry =>
      checkedEntry(entry, BUILD, base, failAt('builds', index)),
    ),
  };

  function failAt(list: string, index: number): (problem: string) => never {
    return (problem) => fail(`${list}[${index}]${problem}`);
  }
}

function checkedEntry(
  entry: unknown,
  { matchers, arrays }: Shape,
  base: string,
  fail: (problem: string) => never,
): Record<string, unknown> {
  if (!isObject(entry)) {
    return fail(' must be an object');
  }
  const known = [...matchers, ...arrays, 'cwd', 'env'];
  for (const key of Object.keys(entry)) {
    if (!known.includes(key)) {
      fail(` has the unknown field \`${key}\`; known are ${known.join(', ')}`);
    }
  }
  if (!matchers.some((key) => entry[key] !== undefined)) {
    fail(` must name at least one of ${matchers.join(', ')}`);
  }
  for (const key of [...matchers, 'cwd']) {
    if (entry[key] !== undefined && typeof entry[key] !== 'string') {
      fail(`.${key} must be a string`);
    }
  }
  for (const key of arrays) {
    const value = entry[key];
    if (value !== undefined && !(Array.isArray(value) && value.every((part) => typeof part === 'string'))) {
      fail(`.${key} must be an array of strings`);
    }
  }
  const env = entry['env'];
  if (env !== undefined && !(isObject(env) && Object.values(env).every((value) => typeof value === 'string'))) {
    fail('.env must map names to strings');
  }
  const given = entry['cwd'] as string | undefined;
  if (given === undefined && arrays.length === 0) {
    return entry;
  }
  const cwd = resolve(base, given ?? '.');
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    fail(`.cwd is no directory: ${cwd}`);
  }
  return { ...entry, cwd };
}

/** Finds the entry for a container; undefined when no command stands for its image. */
export function findEntry(
  map: TaskMap,
  identity: ContainerIdentity,
  assets: readonly ImageAsset[] = [],
): TaskMapEntry | undefined {
  const names = assetOf(identity.image, assets)?.names ?? [];
  return map.tasks.find(
    (entry) =>
      (entry.image === undefined || matches(entry.image, identity.image)) &&
      (entry.container === undefined || matches(entry.container, identity.container ?? '')) &&
      (entry.family === undefined || matches(entry.family, identity.family ?? '')) &&
      (entry.asset === undefined || matchesAsset(entry.asset, names)),
  );
}

/** The asset of an image; CDK gives each a tag of its own. */
export function assetOf(image: string, assets: readonly ImageAsset[]): ImageAsset | undefined {
  const tag = image.slice(image.lastIndexOf(':') + 1);
  return assets.find((asset) => asset.tag === tag);
}

/** One sentence for each entry whose `asset` matches none of these. */
export function unmatchedAssets({ tasks }: TaskMap, assets: readonly ImageAsset[]): readonly string[] {
  const known = [...new Set(assets.flatMap(({ names }) => names.slice(0, 1)))];
  const hint =
    known.length === 0 ? 'the app has none' : `these would match: ${known.map((name) => `"${name}"`).join(', ')}`;
  return tasks.flatMap(({ asset }, index) =>
    asset === undefined || assets.some(({ names }) => matchesAsset(asset, names))
      ? []
      : [`tasks[${index}].asset "${asset}" matches no image asset; ${hint}`],
  );
}

/** Without regard to case: the names come from construct ids, whose case is a matter of taste. */
function matchesAsset(pattern: string, names: readonly string[]): boolean {
  return names.some((name) => matches(pattern.toLowerCase(), name.toLowerCase()));
}

function matches(pattern: string, value: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`).test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
