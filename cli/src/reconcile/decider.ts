import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { headObject } from '../files';
import { eachOf } from '../support/batches';
import type { Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import type { ListedObject } from './listing';

/** Decides whether objects were processed. */
export interface Decider {
  /** What it decides by. */
  readonly by: string;
  /** In the order of the objects, of which there are up to 1,000. */
  processed(objects: readonly ListedObject[]): Promise<readonly boolean[]>;
}

/** An object was processed if its result exists: one request for each object. */
export function byResults(clients: Clients, template: string, prefix: string): Decider {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(template) ?? [];
  if (!/\{(key|path|stem)\}/.test(key)) {
    throw new CliError(
      ExitCode.usage,
      `--results must be an S3 URI with {key}, {path} or {stem} in its key, got: ${template}; for example s3://results/done/{path}.json`,
    );
  }
  return {
    by: `results ${template}`,
    processed: (objects) =>
      eachOf(
        objects,
        async (object) => (await headObject(clients, bucket, resultKey(key, object, prefix))) !== undefined,
        RESULTS_AT_ONCE,
      ),
  };
}

const RESULTS_AT_ONCE = 50;

/** The whole key, the key without the listed prefix, that without its last extension, and the version. */
export function resultKey(template: string, { key, versionId = '' }: ListedObject, prefix: string): string {
  const path = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  const values: Readonly<Partial<Record<string, string>>> = {
    key,
    path,
    stem: path.replace(/\.[^./]+$/, ''),
    version: versionId,
  };
  return template.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

/**
 * An object was processed if a list of keys contains it: one key on a line, or JSON with `key`. A hash of each key is
 * kept in memory.
 */
export async function byManifest(clients: Clients, file: string): Promise<Decider> {
  const hashes = new Set<bigint>();
  const lines = createInterface({ input: await contentOf(clients, file), crlfDelay: Infinity });
  for await (const line of lines) {
    const key = line.startsWith('{') ? (JSON.parse(line) as { readonly key?: unknown }).key : line;
    if (typeof key === 'string' && key !== '') {
      hashes.add(hashOf(key));
    }
  }
  return {
    by: `manifest ${file}`,
    processed: (objects) => Promise.resolve(objects.map(({ key }) => hashes.has(hashOf(key)))),
  };
}

const hashOf = (key: string) => createHash('sha256').update(key).digest().readBigUInt64BE();

async function contentOf(clients: Clients, file: string): Promise<Readable> {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(file) ?? [];
  if (bucket === '') {
    return Readable.from([await readFile(file)]);
  }
  const { Body: body } = await clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return body as Readable;
}

/** An object was processed if the default export of a module returns true for it. */
export async function byModule(path: string): Promise<Decider> {
  const { default: predicate } = (await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown };
  // A module for require has its exports below the default one
  const wasProcessed =
    typeof predicate === 'object' && predicate !== null && 'default' in predicate ? predicate.default : predicate;
  if (typeof wasProcessed !== 'function') {
    throw new CliError(
      ExitCode.usage,
      `--processed must name a module whose default export is a function, got: ${path}; export default async ({ bucket, key, size, modified, versionId }) => boolean`,
    );
  }
  return {
    by: `module ${path}`,
    processed: (objects) =>
      eachOf(objects, async (object) => {
        const answer: unknown = await (wasProcessed as (object: ListedObject) => unknown)(object);
        if (typeof answer !== 'boolean') {
          throw new CliError(
            ExitCode.failed,
            `the function of ${path} must return true or false, got: ${String(answer)} for ${object.key}`,
          );
        }
        return answer;
      }),
  };
}
