import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { FileIngestBucket, IngestTarget, PipelineAlarms, QueueScaledFargateWorker } from 'cdk-fileworks';
import type { Construct } from 'constructs';

export class QuickstartStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 0 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, enableFargateCapacityProviders: true });

    const results = new s3.Bucket(this, 'Results', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
    });

    const worker = new QueueScaledFargateWorker(this, 'Unpacker', {
      cluster,
      image: ecs.ContainerImage.fromAsset('../../worker/quickstart'),
      environment: { RESULTS_BUCKET: results.bucketName },
      // The worker extends this while it works; after a crash, its files are redelivered after this time
      visibilityTimeout: Duration.seconds(30),
      maxTasks: 4,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      assignPublicIp: true,
    });
    worker.grantStoreResults(results);

    const ingest = new FileIngestBucket(this, 'Ingest');
    ingest.addRoute('Archives', {
      prefixes: ['incoming/'],
      suffixes: ['.zip', '.whl'],
      target: IngestTarget.worker(worker),
    });

    // Every alarm of the pipeline notifies this topic; subscribe to it, for example with your e-mail address.
    const alarms = new sns.Topic(this, 'Alarms', { enforceSSL: true });
    PipelineAlarms.of(this).notify(new SnsAction(alarms));

    new CfnOutput(this, 'IncomingBucket', { value: ingest.bucket.bucketName });
    new CfnOutput(this, 'ResultsBucket', { value: results.bucketName });
    new CfnOutput(this, 'QueueUrl', { value: worker.queue.queueUrl });
    new CfnOutput(this, 'AlarmsTopic', { value: alarms.topicArn });
  }
}
