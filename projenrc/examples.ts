import { Component, awscdk } from 'projen';

/** The commands around the reference deployments: demo, end-to-end tests, local cloud. */
export class Examples extends Component {
  constructor(project: awscdk.AwsCdkConstructLibrary) {
    super(project);
    project.addTask('demo', { description: 'Carry real files through the quickstart on the local cloud', exec: 'node build-tools/demo.mjs', receiveArgs: true });
    project.addTask('e2e', { description: 'Run one reference deployment end to end on the local cloud (without a name: all)', exec: 'node build-tools/e2e.mjs', receiveArgs: true });
    project.addTask('local', { description: 'Run a synthesized app on the local cloud', exec: 'node build-tools/local.mjs', receiveArgs: true });
    project.addTask('bench', { description: 'Run one bench: us and the peers side by side', exec: 'node build-tools/bench.mjs', receiveArgs: true });
  }
}
