import { Component, awscdk } from 'projen';

/** API.md by jsii-docgen (projen's own), and every snippet of README.md and the doc comments compiled. */
export class Documentation extends Component {
  constructor(project: awscdk.AwsCdkConstructLibrary) {
    super(project);
    const samples = project.addTask('samples', {
      description: 'Compile every example in README.md and in the doc comments',
      exec: 'jsii-rosetta extract --strict --cache-to .rosetta.tabl.json .',
    });
    project.postCompileTask.prependSpawn(samples);
  }
}
