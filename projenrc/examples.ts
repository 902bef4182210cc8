import { Component, awscdk } from 'projen';

/** The commands around the reference deployments: demo, end-to-end tests, local cloud, benches. */
export class Examples extends Component {
  constructor(project: awscdk.AwsCdkConstructLibrary) {
    super(project);
    // What jsii writes has this name too and is ignored; an example whose Dockerfile compiles brings its own
    project.gitignore.include('/examples/worker/*/tsconfig.json');
    project.addTask('demo', {
      description: 'Process real files with the quickstart on the local cloud',
      steps: [{ exec: 'node build-tools/make.ts js' }, { exec: 'node examples/demo/main.ts', receiveArgs: true }],
    });
    project.addTask('e2e', {
      description: 'Run one reference deployment end to end on the local cloud (all without a name)',
      steps: [{ exec: 'node build-tools/make.ts js' }, { exec: 'node build-tools/e2e.ts', receiveArgs: true }],
    });
    project.addTask('integ', {
      description:
        'Run the end-to-end test of a reference deployment in an AWS account: npm run integ -- <deployment> [--endpoint <url>]',
      steps: [{ exec: 'node build-tools/make.ts js' }, { exec: 'node build-tools/integ.ts', receiveArgs: true }],
    });
    project.addDevDeps('@viz-js/viz@^3.31.0'); // lays the diagrams out
    project.addTask('diagrams', {
      description: 'Draw the reference deployments from their templates: docs/diagrams/',
      steps: [{ exec: 'node build-tools/make.ts js' }, { exec: 'node build-tools/diagrams.ts' }],
    });
    project.addTask('local', {
      description: 'Run a synthesized app on the local cloud: npm run local -- --app cdk.out --tasks tasks.json',
      steps: [{ exec: 'node build-tools/make.ts js' }, { exec: 'node local/lib/cli.js', receiveArgs: true }],
    });
    project.addTask('simulate', {
      description:
        'Simulate a day of load on a template: npm run simulate -- --template cdk.out/X.template.json --workload small-files',
      steps: [{ exec: 'node build-tools/make.ts js' }, { exec: 'node simulator/main.ts', receiveArgs: true }],
    });
    project.addTask('bench', {
      description: 'Run one bench, which compares us with the peers: npm run bench -- <name> [--json]',
      steps: [{ exec: 'node build-tools/make.ts js' }, { exec: 'node build-tools/bench.ts', receiveArgs: true }],
    });
  }
}
