import { CfnOutput, Duration, Stack, TimeZone, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import {
  BatchProcessor,
  ChunkedBatchWorkflow,
  FileIngestBucket,
  PipelineAlarms,
  PipelineDashboard,
  PipelineStage,
} from 'cdk-fileworks';
import type { Construct } from 'constructs';

export class CsvBatchStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 0 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, enableFargateCapacityProviders: true });
    const network = { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true };

    const inbox = new FileIngestBucket(this, 'Inbox');
    const clean = new s3.Bucket(this, 'Clean', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
    });

    // Every night, and when <prefix>incoming/_READY arrives: clean rows as JSON Lines, and a file of rejected rows
    const image = ecs.ContainerImage.fromAsset('../../worker/csv-batch');
    const orders = new ChunkedBatchWorkflow(this, 'Orders', {
      bucket: inbox.bucket,
      prefixes: ['orders/', 'returns/'],
      processor: BatchProcessor.fargateTask({
        cluster,
        image,
        environment: { CLEAN_BUCKET: clean.bucketName },
        ...network,
      }),
      maxFilesPerBatch: 50,
      toleratedFailurePercentage: 5,
      schedule: ScheduleExpression.cron({ hour: '2', minute: '0', timeZone: TimeZone.ETC_UTC }),
      markerSource: inbox,
    });
    // A marker arrives every night; two hours later than that, something is wrong with its source
    inbox.expectFiles({ every: Duration.hours(26) });
    orders.grantStoreResults(clean, 'clean/');
    orders.grantStoreResults(clean, 'rejects/');

    // The same image with another program: clean rows go into a table of your PostgreSQL database
    const databaseUrl = new secretsmanager.Secret(this, 'DatabaseUrl', {
      description: 'postgres://user:password@host/database',
    });
    const history = new ChunkedBatchWorkflow(this, 'History', {
      bucket: inbox.bucket,
      prefixes: ['history/'],
      processor: BatchProcessor.fargateTask({
        cluster,
        image,
        command: ['node', 'to-database.ts'],
        environment: { CLEAN_BUCKET: clean.bucketName },
        secrets: { DATABASE_URL: ecs.Secret.fromSecretsManager(databaseUrl) },
        ...network,
      }),
      maxFilesPerBatch: 50,
      // Limited by the connections of the database, two for each batch
      maxConcurrency: 5,
    });
    history.grantStoreResults(clean, 'rejects/');

    // Every alarm of the pipeline notifies this topic; subscribe to it, for example with your e-mail address.
    const alarms = new sns.Topic(this, 'Alarms', { enforceSSL: true });
    PipelineAlarms.of(this).notify(new SnsAction(alarms));
    new PipelineDashboard(this, 'Dashboard', { stages: [PipelineStage.batch(orders), PipelineStage.batch(history)] });

    new CfnOutput(this, 'InboxBucket', { value: inbox.bucket.bucketName });
    new CfnOutput(this, 'CleanBucket', { value: clean.bucketName });
    new CfnOutput(this, 'DatabaseUrlSecret', { value: databaseUrl.secretArn });
    new CfnOutput(this, 'OrdersMachine', { value: orders.stateMachine.stateMachineArn });
    new CfnOutput(this, 'HistoryMachine', { value: history.stateMachine.stateMachineArn });
    new CfnOutput(this, 'OrdersResults', { value: orders.resultBucket.bucketName });
    new CfnOutput(this, 'AlarmsTopic', { value: alarms.topicArn });
  }
}
