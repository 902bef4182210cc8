// The packages of others whose code is in the Lambda bundles, as esbuild's metafile tells.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly folder: string;
  readonly author?: string | { readonly name: string };
}

/** Those of which something is left after tree shaking, by name. */
export function bundledPackages({ outputs }: Metafile): BundledPackage[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const files = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file) ?? []));
  return [...folders]
    .map((folder) => ({
      ...(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as BundledPackage),
      folder,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version.localeCompare(b.version)));
}

/** The metafile of the last `npm run bundle`. */
export function lastMetafile(root: string): Metafile {
  const file = join(root, 'build', 'bundle.meta.json');
  if (!existsSync(file)) {
    throw new Error(`no ${file}: run \`npm run bundle\` first`);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Metafile;
}
