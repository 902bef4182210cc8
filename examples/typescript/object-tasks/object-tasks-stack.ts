import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import {
  FileIngestBucket,
  IngestTarget,
  ObjectFargateTask,
  PipelineAlarms,
  ScheduledFargateJob,
  TaskLifecycleAlerts,
} from 'cdk-fileworks';
import type { Construct } from 'constructs';

export class ObjectTasksStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 0 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, enableFargateCapacityProviders: true });
    const network = { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true };

    const results = new s3.Bucket(this, 'Results', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
    });

    // A task for each file, on Spot, restarted after an interruption
    const image = ecs.ContainerImage.fromAsset('../../worker/object-tasks');
    const summarizer = new ObjectFargateTask(this, 'Summarizer', {
      cluster,
      image,
      cpu: 256,
      memoryLimitMiB: 512,
      retries: 1,
      environment: { RESULTS_BUCKET: results.bucketName },
      ...network,
    });
    summarizer.grantStoreResults(results, 'summaries/');

    const ingest = new FileIngestBucket(this, 'Ingest');
    ingest.addRoute('Records', {
      prefixes: ['in/'],
      suffixes: ['.jsonl'],
      target: IngestTarget.fargateTask(summarizer),
    });
    // Records arrive around the clock: an alarm if none did for ten minutes. Choose the longest regular gap of yours.
    ingest.expectFiles({ every: Duration.minutes(10) });

    // The same image with another program: an hourly report
    const report = new ScheduledFargateJob(this, 'Report', {
      cluster,
      image,
      command: ['node', 'report.ts'],
      cpu: 256,
      memoryLimitMiB: 512,
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      environment: { RESULTS_BUCKET: results.bucketName },
      ...network,
    });
    report.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [results.bucketArn] }),
    );
    report.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({ actions: ['s3:PutObject'], resources: [results.arnForObjects('reports/latest.json')] }),
    );

    // Alerts of failed tasks and alarms go to the same topic.
    const alerts = new TaskLifecycleAlerts(this, 'Alerts', { clusters: [cluster] });
    PipelineAlarms.of(this).notify(new SnsAction(alerts.topic));

    new CfnOutput(this, 'IncomingBucket', { value: ingest.bucket.bucketName });
    new CfnOutput(this, 'ResultsBucket', { value: results.bucketName });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: summarizer.deadLetterQueue.queueUrl });
    new CfnOutput(this, 'ReportSchedule', { value: report.schedule.scheduleName });
    new CfnOutput(this, 'AlertsTopicArn', { value: alerts.topic.topicArn });
  }
}
