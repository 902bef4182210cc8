import { fileURLToPath } from 'node:url';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { FileIngestBucket, IngestTarget, QueueScaledFargateWorker } from 'cdk-fileworks';

const app = new App();
const stack = new Stack(app, 'Quickstart', { description: 'Archives that land under incoming/ are unpacked into a results bucket' });

// The network and the cluster are yours: public subnets without a NAT gateway cost nothing while no task runs.
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0, restrictDefaultSecurityGroup: false });
const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, enableFargateCapacityProviders: true });

const results = new s3.Bucket(stack, 'Results', {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  versioned: true,
  removalPolicy: RemovalPolicy.RETAIN,
});

const worker = new QueueScaledFargateWorker(stack, 'Unpacker', {
  cluster,
  image: ecs.ContainerImage.fromAsset(fileURLToPath(new URL('../../worker/quickstart', import.meta.url))),
  environment: { RESULTS_BUCKET: results.bucketName },
  visibilityTimeout: Duration.minutes(5),
  maxTasks: 4,
  assignPublicIp: true,
});
results.grantReadWrite(worker);

const ingest = new FileIngestBucket(stack, 'Ingest');
ingest.addRoute('Archives', {
  prefixes: ['incoming/'],
  suffixes: ['.zip', '.whl'],
  target: IngestTarget.worker(worker),
});
ingest.bucket.grantRead(worker);

new CfnOutput(stack, 'IncomingBucket', { value: ingest.bucket.bucketName });
new CfnOutput(stack, 'ResultsBucket', { value: results.bucketName });

app.synth();
