import { App } from 'aws-cdk-lib';
import { ExportServiceStack } from './export-service-stack.ts';

const app = new App();
new ExportServiceStack(app, 'ExportService', {
  description: 'Export jobs of an API: read page by page, downloaded, checked against metadata, stored',
});
app.synth();
