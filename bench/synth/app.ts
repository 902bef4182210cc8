// A whole app of one construct on a cluster, as `cdk synth` runs it: all that it takes, with loading what it needs.
// Prints milliseconds of CPU.
import { createRequire } from 'node:module';

// By require, as most apps are run: an import of CommonJS asks for every name, and so loads every construct.
const require = createRequire(import.meta.url);
const { App, Stack } = require('aws-cdk-lib') as typeof import('aws-cdk-lib');
const { Vpc } = require('aws-cdk-lib/aws-ec2') as typeof import('aws-cdk-lib/aws-ec2');
const { Cluster, ContainerImage } = require('aws-cdk-lib/aws-ecs') as typeof import('aws-cdk-lib/aws-ecs');

const app = new App({ analyticsReporting: false });
const shared = new Stack(app, 'Shared');
const cluster = new Cluster(shared, 'Cluster', { vpc: new Vpc(shared, 'Vpc', { maxAzs: 2, natGateways: 1 }) });
const image = ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:stable');
const stack = new Stack(app, 'Measured');
if (process.argv[2] === 'worker') {
  const { QueueScaledFargateWorker } = require('../../lib/index.js') as typeof import('../../lib/index.js');
  new QueueScaledFargateWorker(stack, 'Worker', { cluster, image });
} else {
  const { QueueProcessingFargateService } =
    require('aws-cdk-lib/aws-ecs-patterns') as typeof import('aws-cdk-lib/aws-ecs-patterns');
  new QueueProcessingFargateService(stack, 'Peer', {
    cluster,
    image,
    capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
  });
}
app.synth();
const { user, system } = process.cpuUsage();
console.log((user + system) / 1e3);
