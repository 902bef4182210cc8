import { App } from 'aws-cdk-lib';
import { TypedIngestStack } from './typed-ingest-stack.ts';

const app = new App();
new TypedIngestStack(app, 'TypedIngest', {
  description: 'Files under incoming/ start tasks by type: in order for each customer, or in parallel',
});
app.synth();
