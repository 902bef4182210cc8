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

    // The site's tools are installed only for the site, from their own lock file
    project.addTask('docs:site', {
      description: 'Build the documentation as a site: build/site',
      cwd: 'docs',
      steps: [{ exec: 'npm ci --no-audit --no-fund --ignore-scripts' }, { exec: 'npx vitepress build .' }],
    });
    project.addTask('docs:look', {
      description:
        'Open every page of the built site in headless Chromium, in light and dark mode, and take screenshots',
      exec: 'node docs/look.ts',
    });
  }
}
