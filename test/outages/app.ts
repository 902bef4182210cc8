// One app with a worker for each cell, so that all outages of one duration are played at the same time.
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { QueueScaledFargateWorker } from 'cdk-fileworks';
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
    const { id, maxTasks = 1 } = cell;
    const own: Record<string, string> = {};
    const worker = new QueueScaledFargateWorker(stack, id, {
      cluster,
      image: ecs.ContainerImage.fromRegistry(IMAGE),
      environment: { ...environment(cell), CELL: id, DEPENDENCY: cell.dependency, BUCKET: bucket.bucketName },
      concurrency: 2,
      minTasks: 1,
      maxTasks,
      visibilityTimeout: Duration.minutes(5),
      // Below the default, so that the alarm can be there in time
      alarmNotStartingFor: Duration.minutes(5),
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      assignPublicIp: true,
    });
    worker.grantStoreResults(bucket, `results/${id}/`);
    if (cell.dependency === 'S3 source') {
      bucket.grantRead(worker, `source/${id}/*`);
    } else if (cell.dependency === 'DynamoDB') {
      const partitionKey = { name: 'id', type: dynamodb.AttributeType.STRING };
      const table = new dynamodb.Table(stack, `${id}Table`, {
        partitionKey,
        billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      });
      worker.grantPrincipal.addToPrincipalPolicy(
        new iam.PolicyStatement({ actions: ['dynamodb:PutItem'], resources: [table.tableArn] }),
      );
      own.Table = table.tableName;
    } else if (cell.dependency === 'Secrets Manager') {
      const secret = new Secret(stack, `${id}Secret`);
      secret.grantRead(worker);
      own.Secret = secret.secretArn;
    }
    for (const [name, value] of Object.entries(own)) {
      worker.taskDefinition.defaultContainer?.addEnvironment(name.toUpperCase(), value);
      new CfnOutput(stack, `${id}${name}Name`, { value });
    }
    new CfnOutput(stack, `${id}Queue`, { value: worker.queue.queueUrl });
    new CfnOutput(stack, `${id}QueueArn`, { value: worker.queue.queueArn });
    new CfnOutput(stack, `${id}DeadLetters`, { value: worker.deadLetterQueue?.queueUrl ?? '' });
  }
  app.synth();
}
