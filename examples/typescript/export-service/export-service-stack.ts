import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  ExportOrchestrator,
  PipelineAlarms,
  PipelineDashboard,
  PipelineStage,
  PostProcessing,
  TaskLifecycleAlerts,
} from 'cdk-fileworks';
import type { Construct } from 'constructs';

export class ExportServiceStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // You provide the network and the cluster. The downloader's scaling needs Container Insights.
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 0 });
    const cluster = new ecs.Cluster(this, 'Cluster', {
      vpc,
      enableFargateCapacityProviders: true,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    });

    // Store the token of your API in it. The program reads a new token without a restart.
    const token = new secretsmanager.Secret(this, 'ApiToken', { description: 'Bearer token of the Export API' });

    // Alerts of failed tasks and alarms go to the same topic.
    const alerts = new TaskLifecycleAlerts(this, 'Alerts', { clusters: [cluster], expectedExitCodes: [143] });
    PipelineAlarms.of(this).notify(new SnsAction(alerts.topic));

    // Consumers of the results receive the events of completed jobs from this queue.
    const completed = new sqs.Queue(this, 'Completed', {
      enforceSSL: true,
      retentionPeriod: Duration.days(7),
      deadLetterQueue: {
        queue: new sqs.Queue(this, 'CompletedDeadLetters', { enforceSSL: true, retentionPeriod: Duration.days(14) }),
        maxReceiveCount: 5,
      },
    });

    const network = { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true };
    const exporter = new ExportOrchestrator(this, 'Exports', {
      cluster,
      image: ecs.ContainerImage.fromAsset('../../worker/export-service'),
      apiUrl: 'https://export-api.example.com/',
      apiSecret: token,
      apiRequestsPerSecond: 100,
      outputPrefix: 'exports/',
      priorityQueues: true,
      postProcessing: PostProcessing.queue(completed),
      orchestrator: network,
      downloader: network,
    });

    new PipelineDashboard(this, 'Dashboard', {
      stages: [
        PipelineStage.exports(exporter),
        PipelineStage.worker(exporter.orchestrator),
        PipelineStage.worker(exporter.downloader),
        PipelineStage.alerts(alerts),
      ],
    });

    new CfnOutput(this, 'ExportQueue', { value: exporter.exportQueue.queueUrl });
    new CfnOutput(this, 'HighPriorityExportQueue', {
      value: exporter.orchestrator.additionalQueues.High.queue.queueUrl,
    });
    new CfnOutput(this, 'LowPriorityExportQueue', { value: exporter.orchestrator.additionalQueues.Low.queue.queueUrl });
    new CfnOutput(this, 'DownloadQueue', { value: exporter.downloadQueue.queueUrl });
    new CfnOutput(this, 'CompletedQueue', { value: completed.queueUrl });
    new CfnOutput(this, 'JobTable', { value: exporter.jobTable.tableName });
    new CfnOutput(this, 'MetadataTable', { value: exporter.metadataTable.tableName });
    new CfnOutput(this, 'OutputBucket', { value: exporter.outputBucket.bucketName });
    new CfnOutput(this, 'ApiTokenSecret', { value: token.secretArn });
    new CfnOutput(this, 'AlertsTopic', { value: alerts.topic.topicArn });
  }
}
