/** The command from its sources, for tests that need it as a process of its own. */
const { buildSync } = require('esbuild');
const { join, resolve } = require('node:path');
const { Module } = require('node:module');

const local = resolve(__dirname, '..', '..');
// Two levels below the package, as the module that looks for the Python files from where it is.
const outfile = join(local, 'src', 'emulator', 'cli.cjs');
const { outputFiles } = buildSync({
  entryPoints: [join(local, 'src', 'cli.ts')],
  bundle: true,
  platform: 'node',
  target: 'node22',
  packages: 'external',
  write: false,
  outfile,
  logLevel: 'error',
});
const cli = new Module(outfile, module);
cli.filename = outfile;
cli.paths = Module._nodeModulePaths(local);
cli._compile(outputFiles[0].text, outfile);
