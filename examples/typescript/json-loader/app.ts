import { App } from 'aws-cdk-lib';
import { JsonLoaderStack } from './json-loader-stack.ts';

const app = new App();
new JsonLoaderStack(app, 'JsonLoader', {
  description: 'JSON files that land under orders/ are loaded into PostgreSQL, each exactly once',
});
app.synth();
