// `node build-tools/make.ts <step> ...`: what these steps make, and the steps before them, unless it is there and
// current. Without names: everything that is packed, and API.md. `gate` is what `npm test` runs.
import { type Steps, runSteps } from './graph.ts';
import { fail } from './steps.ts';

const IS_COMMITTED =
  'git diff --exit-code --stat -- API.md THIRD-PARTY-NOTICES || (echo "do not match the sources: run \\`npm run artifacts\\` and commit them"; exit 1)';

const jest = (name: string, workers: number, paths: string) =>
  `jest --ci --json --outputFile=build/results/${name}.json --maxWorkers=${workers} ${paths}`;

const steps: Steps = {
  bundle: {
    run: ['node build-tools/bundle.ts'],
    inputs: [
      ...['src/handlers', 'src/runtime', 'src/contract', 'package-lock.json', 'tsconfig.dev.json'],
      ...['build-tools/bundle.ts', 'build-tools/bundled-packages.ts', 'build-tools/notices.ts'],
    ],
    outputs: ['assets', 'build/bundle.meta.json', 'THIRD-PARTY-NOTICES'],
  },
  constructs: {
    run: ['projen compile:constructs'],
    after: ['bundle'],
    inputs: [
      'src/index.ts',
      'src/constructs',
      'src/contract',
      'README.md',
      'package.json',
      'build-tools/lazy-index.ts',
    ],
    outputs: ['lib/index.js', '.jsii'],
  },
  runtime: {
    run: ['npm run compile --workspace src/runtime'],
    inputs: ['src/runtime', 'src/contract', 'package-lock.json'],
    outputs: ['src/runtime/dist/cjs', 'src/runtime/dist/esm'],
  },
  local: {
    run: ['npm run compile --workspace local'],
    inputs: ['local', 'package-lock.json'],
    outputs: ['local/lib/index.js'],
  },
  cli: {
    run: ['npm run compile --workspace cli'],
    inputs: ['cli', 'src/contract', 'package-lock.json'],
    outputs: ['cli/lib/cli/src/main.js'],
  },
  java: {
    run: ['projen package:java'],
    after: ['constructs'],
    inputs: ['LICENSE', 'package-lock.json'],
    outputs: ['dist/java'],
    fresh: 'dist/java',
    needs: 'mvn',
  },
  python: {
    run: ['projen package:python'],
    after: ['constructs'],
    inputs: ['LICENSE', 'package-lock.json'],
    outputs: ['dist/python'],
    fresh: 'dist/python',
    needs: 'python3',
  },
  js: {
    run: ['npm pack --silent --ignore-scripts --pack-destination dist/js --workspaces --include-workspace-root'],
    after: ['constructs', 'runtime', 'local', 'cli'],
    inputs: ['LICENSE'],
    outputs: ['dist/js'],
    fresh: 'dist/js',
  },
  docs: {
    run: ['projen samples', 'projen docgen'],
    after: ['constructs', 'runtime', 'local'],
    inputs: ['rosetta'],
    outputs: ['API.md'],
  },
  artifacts: { run: [], after: ['java', 'python', 'js', 'docs'] },
  lint: { run: ['projen lint'], after: ['runtime', 'local'] },
  typecheck: { run: ['projen typecheck'], after: ['runtime', 'local'] },
  model: { run: ['projen model'], live: true },
  fuzz: { run: ['projen fuzz 30'], live: true },
  units: {
    run: [jest('units', 3, '--testPathIgnorePatterns=/test/e2e/')],
    after: ['java', 'python', 'js'],
    live: true,
  },
  e2e: { run: [jest('e2e', 2, 'test/e2e')], after: ['units'], live: true },
  gate: {
    run: process.env.CI ? [IS_COMMITTED] : [],
    after: ['artifacts', 'lint', 'typecheck', 'model', 'fuzz', 'units', 'e2e'],
  },
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in steps));
if (unknown.length > 0) {
  fail(`unknown step ${unknown.join(', ')}: choose from ${Object.keys(steps).join(', ')}`);
}
process.exitCode = (await runSteps(steps, names.length > 0 ? names : ['artifacts'])) ? 0 : 1;
