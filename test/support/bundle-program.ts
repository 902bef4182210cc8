import { join } from 'node:path';
import { buildSync } from 'esbuild';

const modules = join(__dirname, '..', '..', 'node_modules');

/**
 * Bundles a TypeScript file to a program for `node`, for a test that needs a process of its own.
 *
 * @param external modules that are not bundled: those of other code paths, or that cannot be
 */
export function bundleProgram(entry: string, outfile: string, external: string[]): void {
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    external,
    nodePaths: [modules],
  });
}
