import { RemovalPolicy, App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { LocalCloud } from 'fileworks-local';
import { join } from 'node:path';

/** Outputs of the stack. */
export interface Resources {
  readonly queueUrl: string;
  readonly bucket: string;
  readonly jobsTable: string;
  readonly metadataTable: string;
}

/** A local cloud with a queue of download tasks, a bucket for results, and the tables of jobs and of metadata. */
export async function startCloud(
  folder: string,
): Promise<{ readonly cloud: LocalCloud; readonly resources: Resources }> {
  const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false });
  const stack = new Stack(app, 'ExportBench');
  const removalPolicy = RemovalPolicy.DESTROY;
  const queue = new Queue(stack, 'Downloads', { visibilityTimeout: Duration.minutes(2) });
  const bucket = new Bucket(stack, 'Results', { removalPolicy });
  const text = (name: string) => ({ name, type: AttributeType.STRING });
  const jobs = new Table(stack, 'Jobs', {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    billingMode: BillingMode.PAY_PER_REQUEST,
    removalPolicy,
  });
  const metadata = new Table(stack, 'Metadata', {
    partitionKey: text('name'),
    billingMode: BillingMode.PAY_PER_REQUEST,
    removalPolicy,
  });
  const outputs = {
    queueUrl: queue.queueUrl,
    bucket: bucket.bucketName,
    jobsTable: jobs.tableName,
    metadataTable: metadata.tableName,
  };
  for (const [name, value] of Object.entries(outputs)) {
    new CfnOutput(stack, name, { value });
  }
  app.synth();
  const cloud = await LocalCloud.start({
    app: join(folder, 'cdk.out'),
    toolsDir: process.env.FILEWORKS_TOOLS_DIR ?? join(folder, '..'),
  });
  return { cloud, resources: cloud.outputs('ExportBench') as unknown as Resources };
}
