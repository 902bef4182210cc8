import { awscdk, javascript, typescript } from 'projen';
import { Documentation } from './projenrc/documentation.ts';
import { Examples } from './projenrc/examples.ts';
import { Jest } from './projenrc/jest.ts';
import { LambdaBundles } from './projenrc/lambda-bundles.ts';
import { LocalCloudPackage } from './projenrc/local-cloud-package.ts';
import { OperationsPackage } from './projenrc/operations-package.ts';
import { QualityGates } from './projenrc/quality-gates.ts';
import { RuntimePackage } from './projenrc/runtime-package.ts';
import { NODE_MIN, NODE_WORK, TYPESCRIPT } from './projenrc/versions.ts';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-fileworks',
  description: 'File processing on AWS: CDK constructs for files that land in S3 and the workers that process them',
  author: 'Fileworks Authors',
  authorAddress: 'fileworks@users.noreply.github.com',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/fileworks/cdk-fileworks.git',
  license: 'Apache-2.0',
  defaultReleaseBranch: 'main',
  keywords: ['aws', 'cdk', 's3', 'sqs', 'fargate', 'files', 'queue', 'worker'],

  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: NODE_MIN,

  jsiiVersion: '~6.0.16',
  typescriptVersion: TYPESCRIPT,
  cdkVersion: '2.257.0', // the floor: peer ^2.257.0, dev exactly this one; cdk-nag 3 and Validations ask for it
  constructsVersion: '10.5.1',
  stability: 'stable', // 'experimental' would put "(experimental)" before every doc line in Java and Python; 0.x says it already

  projenrcTs: true,
  // Checked by `npm run typecheck`
  projenrcTsOptions: { runner: typescript.TypeScriptRunner.nodejs({ typeCheck: false }) },
  disableTsconfig: true, // jsii writes tsconfig.json (git-ignored); tsconfig.dev.json is ours
  sampleCode: false,
  excludeTypescript: [
    'src/runtime/**',
    'src/handlers/**',
    'examples/**',
    'test/**',
    'local/**',
    'cli/**',
    'bench/**',
    'models/**',
    'projenrc/**',
    'build-tools/**',
    'simulator/**',
  ],
  tsconfigDev: {
    include: [
      '.projenrc.ts',
      'projenrc/**/*.ts',
      'build-tools/**/*.ts',
      'local/**/*.ts',
      'cli/**/*.ts',
      'bench/**/*.ts',
      'models/**/*.ts',
      'examples/**/*.ts',
      'simulator/**/*.ts',
    ],
    exclude: [
      'node_modules',
      '**/node_modules',
      '**/*.d.ts',
      'examples/python',
      'examples/java',
      'local/lib',
      'cli/lib',
    ],
    compilerOptions: {
      rootDir: '.',
      target: 'ES2023',
      lib: ['es2023'],
      module: 'esnext',
      moduleResolution: javascript.TypeScriptModuleResolution.BUNDLER,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      // Examples have a package.json of their own, so that the name of this package is no self-reference there
      paths: { 'cdk-fileworks': ['./src/index.ts'] },
    },
  },
  lambdaAutoDiscover: false,
  edgeLambdaAutoDiscover: false,
  singletonLambdaAutoDiscover: false,
  lambdaExtensionAutoDiscover: false,
  integrationTestAutoDiscover: false,

  publishToPypi: { distName: 'cdk-fileworks', module: 'cdk_fileworks' },
  publishToMaven: {
    javaPackage: 'io.github.fileworks.cdk',
    mavenGroupId: 'io.github.fileworks',
    mavenArtifactId: 'cdk-fileworks',
  },

  github: false,
  release: false,
  depsUpgrade: false,
  npmignoreEnabled: false, // see `files` below
  prettier: true,
  prettierOptions: {
    settings: { printWidth: 120, singleQuote: true },
    ignoreFileOptions: {
      ignorePatterns: [
        'src/runtime/dist/',
        'local/lib/',
        'cli/lib/',
        'local/test/fixtures/app/',
        '*.md',
        '*.json',
        '*.yml',
        '*.yaml',
        '*.html',
      ],
    },
  },
  eslint: false, // projen's component writes the old eslintrc format; eslint.config.mjs is ours
  docgen: true,

  jest: false, // projen's component compiles with ts-jest; projenrc/jest.ts is ours
  devDeps: [
    `node@${NODE_WORK}`, // every script runs on this Node.js, whatever the machine has
    '@types/node@^24',
    'aws-cdk@^2.1148.1', // its `cdk init` makes the apps of test/examples/init.test.ts
    'cdk-nag@^3.0.2',
    'esbuild@^0.28.2',
  ],
  gitignore: [
    '.tools/',
    '/assets/',
    '/build/',
    '.eslintcache',
    '*.tabl.json',
    '*.tabl.json.gz',
    '.npmignore',
    'cdk.out',
    '__pycache__',
    '*.egg-info',
    'target/',
  ],
});

// node runs .projenrc.ts as an ES module although package.json does not say so; no need to be told each time
project.tasks.addEnvironment('NODE_OPTIONS', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON');

new RuntimePackage(project);
new LocalCloudPackage(project);
new OperationsPackage(project);
new LambdaBundles(project);
new Documentation(project);
new Examples(project);
new Jest(project);
new QualityGates(project);

// npm asks which install scripts may run: native bindings, and the Node.js binary
project.package.addField('allowScripts', {
  '@swc/core': false,
  esbuild: true,
  node: true,
  '@parcel/watcher': true,
  'unrs-resolver': true,
});
// One lock file, one copy of the SDK
project.package.addField('workspaces', ['src/runtime', 'local', 'cli']);
// Lets tests and examples say `from 'cdk-fileworks'`, as their readers will
project.package.addField('exports', {
  '.': { types: './lib/index.d.ts', default: './lib/index.js' },
  './.jsii': './.jsii',
  './package.json': './package.json',
});
// jsii would write each source into its lib file once more, as two thirds of it, and every app would read that
project.package.file.addOverride('jsii.tsc.sourceMap', false);
// An allow list, not an ignore list: nothing ships by accident
project.package.addField('files', ['lib/**/*.js', 'lib/**/*.d.ts', 'assets/**', '.jsii', 'THIRD-PARTY-NOTICES']);
// 1.13.0 lacks the darwin and win32 bindings on npm: `npm ci` then refuses the lock
project.package.addPackageResolutions('unrs-resolver@1.12.2');

project.synth();
