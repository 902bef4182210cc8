import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import {
  DispatchTarget,
  FileIngestBucket,
  FileOrder,
  PipelineAlarms,
  SpotStrategy,
  TaskLifecycleAlerts,
  TypeConcurrency,
  TypedDispatcher,
} from 'cdk-fileworks';
import type { Construct } from 'constructs';

export class TypedIngestStack extends Stack {
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

    // The history of each customer's files, in order. The worker appends to it.
    const history = new dynamodb.Table(this, 'History', {
      partitionKey: { name: 'customer', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'position', type: dynamodb.AttributeType.NUMBER },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });

    const taskDefinition = new ecs.FargateTaskDefinition(this, 'Task', { cpu: 256, memoryLimitMiB: 512 });
    taskDefinition.addContainer('File', {
      image: ecs.ContainerImage.fromAsset('../../worker/typed-ingest'),
      environment: { HISTORY_TABLE: history.tableName, RESULTS_BUCKET: results.bucketName },
      logging: ecs.LogDrivers.awsLogs({
        streamPrefix: 'file',
        logGroup: new logs.LogGroup(this, 'Log', { retention: logs.RetentionDays.ONE_MONTH }),
      }),
      stopTimeout: Duration.seconds(30), // a task that Spot reclaims releases its file at once
    });
    history.grant(taskDefinition.taskRole, 'dynamodb:Query', 'dynamodb:PutItem');

    // Alerts of failed tasks and alarms go to the same topic. Exit code 75 means that another task has the file.
    const alerts = new TaskLifecycleAlerts(this, 'Alerts', { clusters: [cluster], expectedExitCodes: [75, 143] });
    PipelineAlarms.of(this).notify(new SnsAction(alerts.topic));

    const inbox = new FileIngestBucket(this, 'Inbox');
    const dispatcher = new TypedDispatcher(this, 'Dispatcher');
    dispatcher.addBucket('Inbox', inbox, 'incoming/');

    const target = DispatchTarget.ecsTask({
      cluster,
      taskDefinition,
      capacity: SpotStrategy.spotOnly(),
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      assignPublicIp: true,
    });
    dispatcher.addType('A', {
      keys: ['incoming/a/{customer}/{number}.*'],
      concurrency: TypeConcurrency.sequentialPer('customer'),
      order: FileOrder.byKeyPart('number'),
      settle: Duration.seconds(30), // events can arrive out of order: wait for smaller numbers
      retryDelay: Duration.seconds(5),
      hangTimeout: Duration.minutes(1),
      target,
    });
    dispatcher.addType('B', {
      keys: ['incoming/b/**'],
      concurrency: TypeConcurrency.parallelUpTo(4),
      retryDelay: Duration.seconds(5),
      hangTimeout: Duration.minutes(1),
      target,
    });
    dispatcher.addType('C', {
      keys: ['incoming/c/**'],
      concurrency: TypeConcurrency.parallel(),
      retryDelay: Duration.seconds(5),
      hangTimeout: Duration.minutes(1),
      target,
    });
    dispatcher.grantStoreResults(results);

    new CfnOutput(this, 'IncomingBucket', { value: inbox.bucket.bucketName });
    new CfnOutput(this, 'ResultsBucket', { value: results.bucketName });
    new CfnOutput(this, 'HistoryTable', { value: history.tableName });
    new CfnOutput(this, 'StateTable', { value: dispatcher.stateTable?.tableName ?? '' });
    new CfnOutput(this, 'OperatorFunction', { value: dispatcher.operatorFunction.functionName });
    new CfnOutput(this, 'AlertsTopic', { value: alerts.topic.topicArn });
  }
}
