import { App } from 'aws-cdk-lib';
import { ObjectTasksStack } from './object-tasks-stack.ts';

const app = new App();
new ObjectTasksStack(app, 'ObjectTasks', {
  description: 'A Fargate task for each file under in/, a report every hour, and alerts',
});
app.synth();
