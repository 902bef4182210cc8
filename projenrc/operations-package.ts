import { Component, javascript } from 'projen';
import { PlainPackage } from './plain-package.ts';
import { AWS_SDK } from './versions.ts';

/** `fileworks-cli`: operations on a deployed pipeline, `npx fileworks`. */
export class OperationsPackage extends Component {
  constructor(root: javascript.NodeProject) {
    super(root);
    const client = (name: string) => `@aws-sdk/client-${name}@${AWS_SDK}`;
    const clients = [
      'application-auto-scaling',
      'cloudformation',
      'cloudwatch',
      'cloudwatch-logs',
      'ecs',
      'eventbridge',
      'lambda',
      's3',
      'scheduler',
      'sfn',
      'sqs',
    ];
    const cli = new PlainPackage(root, {
      outdir: 'cli',
      name: 'fileworks-cli',
      description:
        'Operations on a deployed cdk-fileworks pipeline: status by hop, running failed work again, sequences and scaling',
      libdir: 'lib',
      deps: [...clients.map(client), 'commander@^14.0.0'], // 15 is for import only, and Jest requires
      bin: { fileworks: 'lib/cli/src/main.js' },
      // The contract with the constructs and the runtime is compiled in
      compilerOptions: { rootDir: '..', outDir: 'lib', module: 'node20', declaration: false, sourceMap: false },
      include: ['src/**/*.ts'],
    });
    cli.compileTask.exec('tsc -p tsconfig.json');
    cli.package.addField('files', ['lib/**/*.js']);
  }
}
