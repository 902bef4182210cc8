// Builds and packs what changed: `node build-tools/artifacts.ts [js] [python] [java]` (without names: all three).
// Each step remembers in .tools/stamps/ what it was made from and is skipped while that stands.
import { fingerprint, once, run, fail } from './steps.ts';

/** Made from the sources and checked in, for readers. */
const WRITTEN = ['API.md', 'THIRD-PARTY-NOTICES'];
const SOURCES = [
  'src',
  'local',
  'cli',
  'README.md',
  'LICENSE',
  'package.json',
  'package-lock.json',
  'build-tools/bundle.ts',
  'build-tools/lazy-index.ts',
  'build-tools/notices.ts',
  'tsconfig.dev.json',
  'rosetta',
];
const BUILT = [
  'lib/index.js',
  '.jsii',
  'assets',
  'src/runtime/dist/cjs',
  'src/runtime/dist/esm',
  'local/lib/index.js',
  'cli/lib/cli/src/main.js',
  ...WRITTEN,
];

const pack: Record<string, () => void> = {
  js: () =>
    run(
      'packing the npm tarballs',
      'npm',
      [
        'pack',
        '--silent',
        '--ignore-scripts',
        '--pack-destination',
        'dist/js',
        '--workspaces',
        '--include-workspace-root',
      ],
      { fresh: 'dist/js' },
    ),
  python: () =>
    run('packing the Python wheel', 'npx', ['projen', 'package:python'], { fresh: 'dist/python', needs: 'python3' }),
  java: () =>
    run('packing the Java jar (the first time Maven downloads its plugins)', 'npx', ['projen', 'package:java'], {
      fresh: 'dist/java',
      needs: 'mvn',
    }),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((language) => !(language in pack));
if (unknown.length > 0) {
  fail(`unknown language ${unknown.join(', ')}: choose from ${Object.keys(pack).join(', ')}`);
}

await once('build', SOURCES, BUILT, () => {
  const before = fingerprint(WRITTEN);
  run('bundling the Lambda handlers', 'npx', ['projen', 'pre-compile']);
  run('compiling the constructs, the runtime and the local cloud', 'npx', ['projen', 'compile']);
  run('compiling the examples of the documentation, writing API.md', 'npx', ['projen', 'post-compile']);
  if (process.env.CI && fingerprint(WRITTEN) !== before) {
    fail(`${WRITTEN.join(' or ')} does not match the sources: run \`npm run artifacts js\` and commit it`);
  }
});
for (const [language, packIt] of Object.entries(pack)) {
  if (wanted.length === 0 || wanted.includes(language)) {
    await once(`pack-${language}`, SOURCES, [`dist/${language}`], packIt);
  }
}
