import { App } from 'aws-cdk-lib';
import { CsvBatchStack } from './csv-batch-stack.ts';

const app = new App();
new CsvBatchStack(app, 'CsvBatch', {
  description: 'CSV files below a prefix, validated in parallel batches into S3 or PostgreSQL',
});
app.synth();
