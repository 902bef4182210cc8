import { Component, awscdk } from 'projen';
import { AWS_SDK } from './versions.ts';

const FORMATTED = '"**/*.{ts,mts,mjs,cjs,js}"';

/**
 * What a change must pass: `npm test` builds and packs what changed, then type-checks, lints and runs every test.
 *
 * The order is by speed of the answer.
 */
export class QualityGates extends Component {
  constructor(project: awscdk.AwsCdkConstructLibrary) {
    super(project);
    const clients = [
      'application-auto-scaling',
      'cloudwatch',
      'dynamodb',
      'dynamodb-streams',
      'ecs',
      'iam',
      'lambda',
      's3',
      'sfn',
      'sns',
      'sqs',
    ];
    // What the handlers bundle, and what tests ask
    project.addDevDeps(...clients.map((client) => `@aws-sdk/client-${client}@${AWS_SDK}`));
    project.addDevDeps(
      'fast-check@^4.10.0',
      'zod@^4.6.0',
      'yauzl@^3.4.0',
      '@types/yauzl@^2.10.0',
      '@zip.js/zip.js@^2.8.0',
      'jsonata@^2.2.2',
    ); // tests and their oracles
    // The Export API that the export service is tried against
    project.addDevDeps('fastify@^5.12.0', '@fastify/rate-limit@^11.2.0');
    project.addDevDeps('sqs-consumer@^15.0.3', 'squiss-ts@^5.6.0', '@aws-sdk/lib-storage@^3.1150.0'); // peers in the benches
    project.addDevDeps('ajv@^8.20.0'); // at the root, so that the runtime and ajv-formats share one copy in the bundles
    // Schemas of events are of the draft that the registry of EventBridge takes
    project.addDevDeps('ajv-draft-04@^1.0.0');
    project.addDevDeps('asl-validator@^4.0.0'); // a judge of state machines, in test/judges
    project.addDevDeps('eslint@^10.15.0', 'typescript-eslint@^8.73.0', '@stylistic/eslint-plugin@^5.10.0');

    // Reserved words of the target languages and all of jsii's other warnings fail the build
    const constructs = project.addTask('compile:constructs', {
      description: 'Compile the constructs alone',
      exec: 'jsii --fail-on-warnings',
    });
    constructs.exec('node build-tools/lazy-index.ts');
    project.compileTask.reset();
    project.compileTask.spawn(constructs);
    project.compileTask.exec('npm run compile --workspace src/runtime --workspace local --workspace cli');

    project.addTask('typecheck', {
      description: 'Type-check tests, benches, examples and tools',
      exec: 'tsc --noEmit -p tsconfig.dev.json',
    });
    const lint = project.addTask('lint', { description: 'Check the format and the lint rules of everything' });
    lint.exec(`prettier --cache --check ${FORMATTED}`);
    lint.exec('eslint --max-warnings 0 --cache .');
    const format = project.addTask('format', { description: 'Format everything, and fix what the linter can' });
    format.exec(`prettier --cache --log-level warn --write ${FORMATTED}`);
    format.exec('eslint --fix --cache .');
    project.addTask('artifacts', {
      description:
        'Build and pack changed packages: tarballs, wheel and jar in dist/ (select languages by name: js python java)',
      exec: 'node build-tools/make.ts',
      receiveArgs: true,
    });
    project.addTask('model', {
      description:
        'Search the state space of the dispatch protocol and of its mutants (--full: every configuration, --json: one line for each)',
      exec: 'node models/run.ts',
      receiveArgs: true,
    });
    project.tasks.removeTask('compat'); // projen's asks npm for the last release, which there is not
    project.addTask('release:dry-run', {
      description: 'Run a release without the upload: npm run release:dry-run [-- version]',
      exec: 'node build-tools/release.ts',
      receiveArgs: true,
    });
    project.addTask('compat', {
      description:
        'List the API that was removed since the checked-in baseline (--renew: write the baseline from the current API)',
      exec: 'node build-tools/compat.ts',
      receiveArgs: true,
    });
    project.addTask('chaos', {
      description:
        'Run the dispatch protocol thirty times on each engine with injected faults (FILEWORKS_CHAOS_RUNS, FILEWORKS_CHAOS_SEED)',
      // No ${NAME:-default} here: the shell of projen makes nothing of it, and with it a command that runs nothing
      env: { FILEWORKS_CHAOS: '30' },
      exec: 'jest test/runtime/dispatch/chaos',
    });
    project.addTask('mutate', {
      description:
        'Change the sources in ways that a fast test must notice: npm run mutate -- dispatch [--only path] [--seconds N]',
      exec: 'node build-tools/mutate.ts',
      receiveArgs: true,
    });
    project.addTask('permissions', {
      description:
        'Remove each Allow statement of the reference deployments in turn, and judge the calls of their end-to-end runs again: npm run permissions -- [deployment...] [--seconds N]',
      exec: 'node build-tools/permissions.ts',
      receiveArgs: true,
    });
    project.addTask('outages', {
      description:
        'Play outages of dependencies on the local cloud, and write docs/reliability.md: npm run outages [-- --cells <pattern>] [--durations 30s,10min,1h,6h,13h] [--write]',
      exec: 'node test/outages/run.ts',
      receiveArgs: true,
    });
    project.addTask('silence', {
      description:
        'Switch every part of the reference deployments off in turn, look for an alarm, and write docs/operations/silent-parts.md: npm run silence [-- deployment...] [--parts <pattern>] [--speed <n>]',
      exec: 'node build-tools/silence.ts',
      receiveArgs: true,
    });
    project.addTask('judges', {
      description:
        'What cfn-lint, event-ruler and other programs find in the templates, scripts and workflows of every construct: npm run judges [-- judge...]',
      exec: 'node build-tools/judges.ts',
      receiveArgs: true,
    });
    project.addTask('fuzz', {
      description:
        'Coverage-guided fuzzing of the parsers of untrusted input: npm run fuzz -- [seconds] [seed] [target]',
      exec: 'node test/fuzz/run.ts',
      receiveArgs: true,
    });
    project.testTask.reset('node build-tools/test.ts', { receiveArgs: true });
    project.tasks.removeTask('test:watch');
    project.addTask('test:watch', {
      description: 'Run the tests that a change concerns, with each change: npm run test:watch [-- path]',
      exec: 'jest --watch',
      receiveArgs: true,
    });
    project.tasks.removeTask('test:update');
  }
}
