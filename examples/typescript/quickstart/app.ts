import { App } from 'aws-cdk-lib';
import { QuickstartStack } from './quickstart-stack.ts';

const app = new App();
new QuickstartStack(app, 'Quickstart', {
  description: 'Archives that land under incoming/ are unpacked into a results bucket',
});
app.synth();
