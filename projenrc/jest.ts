import { Component, JsonFile, javascript } from 'projen';

/** Jest, with swc instead of TypeScript as its compiler; type errors are for `npm run typecheck` to find. */
export class Jest extends Component {
  constructor(project: javascript.NodeProject) {
    super(project);
    project.addDevDeps('jest@^30', '@types/jest@^30', '@swc/core@^1.16.22', '@swc/jest@^0.2.39');
    project.gitignore.exclude('/coverage/');
    new JsonFile(project, 'jest.config.json', {
      obj: {
        globalSetup: '<rootDir>/test/support/set-up.ts',
        setupFiles: ['<rootDir>/test/support/repeatable.ts'],
        clearMocks: true,
        testTimeout: 30_000, // it ends what hangs; how fast something is, the benches tell
        testMatch: ['test', 'local/test', 'cli/test'].map((folder) => `<rootDir>/${folder}/**/*.test.ts`),
        transform: { '\\.ts$': ['@swc/jest', SWC] },
        // Tests run on the sources; what is packed is tested from its tarball
        moduleNameMapper: {
          '^cdk-fileworks$': '<rootDir>/src',
          '^fileworks-local$': '<rootDir>/local/src',
          '^fileworks-local/lib/(.*)\\.js$': '<rootDir>/local/src/$1',
          '^(\\.{1,2}/.*)\\.js$': '$1',
        },
        modulePathIgnorePatterns: MADE,
        watchPathIgnorePatterns: ['/node_modules/', ...MADE],
      },
    });
  }
}

/** What builds write. */
const MADE = ['.tools', 'build', 'dist', 'lib', 'src/runtime/dist', 'local/lib', 'cli/lib', 'assets'].map(
  (folder) => `<rootDir>/${folder}/`,
);

const SWC = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true }, // as NestJS needs them
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};
