// One app with a worker for each cell, so that all outages of one duration are played at the same time.
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  FileIngestBucket,
  IngestTarget,
  ObjectFargateTask,
  QueueScaledFargateWorker,
  type QueueScaledFargateWorkerProps,
} from 'cdk-fileworks';
import type { LocalCloud } from 'fileworks-local';
import type { Cell } from './cells.ts';

/** Cells of a stack: CloudFormation allows 500 resources. */
const CELLS_OF_STACK = 10;
/** Stands for the image of each worker. */
export const IMAGE = 'example/outages';

/** The outputs of all stacks. */
export const outputsOf = (cloud: LocalCloud): Readonly<Partial<Record<string, string>>> =>
  Object.assign({}, ...cloud.stacks().map((name) => cloud.outputs(name))) as Record<string, string>;

/** @param environment of the worker of a cell: where the dependencies outside of AWS are */
export function synthesize(
  outdir: string,
  cells: readonly Cell[],
  environment: (cell: Cell) => Readonly<Record<string, string>>,
): void {
  const app = new App({ outdir, analyticsReporting: false });
  const shared = new Stack(app, 'Shared');
  const vpc = new ec2.Vpc(shared, 'Vpc', { maxAzs: 2, natGateways: 0 });
  const cluster = new ecs.Cluster(shared, 'Cluster', { vpc, enableFargateCapacityProviders: true });
  const bucket = new s3.Bucket(shared, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
  new CfnOutput(shared, 'BucketName', { value: bucket.bucketName });
  let stack = shared;
  for (const [index, cell] of cells.entries()) {
    if (index % CELLS_OF_STACK === 0) {
      stack = new Stack(app, `Cells${index / CELLS_OF_STACK}`);
    }
    const variables = {
      ...environment(cell),
      CELL: cell.id,
      CONSTRUCT: cell.construct,
      DEPENDENCY: cell.dependency,
      BUCKET: bucket.bucketName,
    };
    const add = cell.construct === 'object task' ? addObjectTask : addWorker;
    const part = add(stack, cell, {
      cluster,
      image: ecs.ContainerImage.fromRegistry(IMAGE),
      environment: variables,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      assignPublicIp: true,
    });
    part.grantStoreResults(bucket, `results/${cell.id}/`);
    addDependency(stack, cell, part, bucket);
    new CfnOutput(stack, `${cell.id}DeadLetters`, { value: part.deadLetterQueue?.queueUrl ?? '' });
  }
  app.synth();
}

type Settings = Pick<
  QueueScaledFargateWorkerProps,
  'cluster' | 'image' | 'environment' | 'vpcSubnets' | 'assignPublicIp'
>;

function addWorker(stack: Stack, { id, maxTasks = 1 }: Cell, settings: Settings): QueueScaledFargateWorker {
  const worker = new QueueScaledFargateWorker(stack, id, {
    ...settings,
    concurrency: 2,
    minTasks: 1,
    maxTasks,
    visibilityTimeout: Duration.minutes(5),
    // Below the default, so that the alarm can be there in time
    alarmNotStartingFor: Duration.minutes(5),
  });
  new CfnOutput(stack, `${id}Queue`, { value: worker.queue.queueUrl });
  new CfnOutput(stack, `${id}QueueArn`, { value: worker.queue.queueArn });
  return worker;
}

function addObjectTask(stack: Stack, { id }: Cell, settings: Settings): ObjectFargateTask {
  const task = new ObjectFargateTask(stack, id, settings);
  const ingest = new FileIngestBucket(stack, `${id}Ingest`);
  ingest.addRoute('Files', { prefixes: [`source/${id}/`], target: IngestTarget.fargateTask(task) });
  new CfnOutput(stack, `${id}SourceName`, { value: ingest.bucket.bucketName });
  return task;
}

/** What the dependency of a cell needs besides its construct. */
function addDependency(
  stack: Stack,
  { id, dependency, construct }: Cell,
  { grantPrincipal, taskDefinition }: QueueScaledFargateWorker | ObjectFargateTask,
  bucket: s3.IBucket,
): void {
  const use = (name: string, value: string, action: string, resource: string) => {
    grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [action], resources: [resource] }));
    taskDefinition.defaultContainer?.addEnvironment(name.toUpperCase(), value);
    new CfnOutput(stack, `${id}${name}Name`, { value });
  };
  if (dependency === 'S3 source' && construct === 'queue worker') {
    use('Source', bucket.bucketName, 's3:GetObject', bucket.arnForObjects(`source/${id}/*`));
  } else if (dependency === 'DynamoDB') {
    const partitionKey = { name: 'id', type: dynamodb.AttributeType.STRING };
    const { tableName, tableArn } = new dynamodb.Table(stack, `${id}Table`, {
      partitionKey,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    });
    use('Table', tableName, 'dynamodb:PutItem', tableArn);
  } else if (dependency === 'Secrets Manager') {
    const { secretArn } = new Secret(stack, `${id}Secret`);
    use('Secret', secretArn, 'secretsmanager:GetSecretValue', secretArn);
  }
}
