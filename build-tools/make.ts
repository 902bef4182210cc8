// The steps from sources to a tested package. `node build-tools/make.ts <step> ...` makes some of them; without names,
// all that is packed, and API.md.
import { type Steps, runSteps } from './graph.ts';
import { fail } from './steps.ts';

/** What is made from the sources and checked in, for readers. */
const GENERATED = 'API.md THIRD-PARTY-NOTICES';
export const PACKED = ['java', 'python', 'js', 'docs'];

const jest = (name: string, workers: number, tests: string) =>
  `mkdir -p build/results && jest --ci --json --outputFile=build/results/${name}.json --maxWorkers=${workers} ${tests}`;

const INSTALL_EMULATOR = `node -e "require('./local/lib/emulator/toolchain.js').ensureToolchain({ toolsDir: '.tools', python: 'python3', line: console.log })"`;

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
  js: {
    run: ['npm pack --silent --ignore-scripts --pack-destination dist/js --workspaces --include-workspace-root'],
    after: ['bundle', 'constructs', 'runtime', 'local', 'cli'],
    inputs: ['LICENSE'],
    outputs: ['dist/js'],
    fresh: 'dist/js',
  },
  // Processes that start at the same time would each install it
  emulator: { run: [INSTALL_EMULATOR], after: ['local'], needs: 'python3' },
  e2e: { run: [jest('e2e', 2, 'test/e2e')], after: ['js', 'emulator'], live: true },
  permissions: { run: ['node build-tools/permissions.ts --seconds 100'], after: ['e2e'], live: true },
  java: {
    run: ['projen package:java'],
    after: ['bundle', 'constructs'],
    inputs: ['LICENSE', 'package-lock.json'],
    outputs: ['dist/java'],
    fresh: 'dist/java',
    needs: 'mvn',
  },
  python: {
    run: ['projen package:python'],
    after: ['bundle', 'constructs'],
    inputs: ['LICENSE', 'package-lock.json'],
    outputs: ['dist/python'],
    fresh: 'dist/python',
    needs: 'python3',
  },
  examples: {
    run: [jest('examples', 1, 'test/examples')],
    after: ['js', 'java', 'python', 'emulator'],
    live: true,
  },
  docs: {
    run: ['projen samples', 'projen docgen'],
    after: ['constructs', 'runtime', 'local'],
    inputs: ['rosetta'],
    outputs: ['API.md'],
  },
  generated: {
    run: [
      `git diff --exit-code --stat -- ${GENERATED} || (echo "differ from the sources: run 'npm run artifacts', and commit them"; exit 1)`,
    ],
    after: ['bundle', 'docs'],
  },
  templates: {
    run: ['node test/judges/templates/write.ts'],
    after: ['bundle', 'constructs'],
    inputs: ['test/judges/templates', 'examples/worker/json-loader/dbt'],
    outputs: ['build/judges'],
  },
  'judge-tools': { run: ['node test/judges/install.ts'], after: ['local'], needs: 'python3' },
  judges: { run: [jest('judges', 2, 'test/judges')], after: ['templates', 'judge-tools'], live: true },
  lint: { run: ['projen lint'], after: ['runtime', 'local'] },
  typecheck: { run: ['projen typecheck'], after: ['runtime', 'local'] },
  model: { run: ['projen model'], live: true },
  fuzz: { run: ['projen fuzz 30'], live: true },
  units: {
    run: [
      jest(
        'units',
        3,
        ['e2e', 'examples', 'judges', 'silence'].map((name) => `--testPathIgnorePatterns=/test/${name}/`).join(' '),
      ),
    ],
    after: ['js', 'java', 'python', 'emulator'],
    live: true,
  },
  // Their minutes are seconds here, so they run when nothing else does
  silence: {
    run: [jest('silence', 1, 'test/silence')],
    after: ['e2e', 'permissions', 'examples', 'judges', 'lint', 'typecheck', 'model', 'fuzz', 'units'],
    live: true,
  },
  outages: {
    run: ['node test/outages/run.ts --durations 10min --speed 10 --sample 5'],
    after: ['silence'],
    live: true,
  },
};

/** All that a change must pass. While you work, API.md may differ from what is committed. */
export const GATE = Object.keys(steps).filter((name) => name !== 'generated' || process.env.CI);

/** Makes what these steps make, and the steps before them, unless it is there and current. */
export async function make(...names: string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in steps));
  if (unknown.length > 0) {
    fail(`unknown step ${unknown.join(', ')}: choose from ${Object.keys(steps).join(', ')}`);
  }
  if (!(await runSteps(steps, names))) {
    process.exit(1);
  }
}

if (import.meta.main) {
  const names = process.argv.slice(2);
  await make(...(names.length > 0 ? names : PACKED));
}
