import { Component, awscdk } from 'projen';

/** Bundles src/handlers/<name>/index.ts into assets/<name>/index.js before jsii compiles. */
export class LambdaBundles extends Component {
  constructor(project: awscdk.AwsCdkConstructLibrary) {
    super(project);
    project.addDevDeps('re2js@^2.10.0'); // patterns of keys, in time that no key can make long
    const bundle = project.addTask('bundle', {
      description: 'Bundle the Lambda handlers into assets/',
      exec: 'node build-tools/bundle.ts',
    });
    project.preCompileTask.spawn(bundle);
  }
}
