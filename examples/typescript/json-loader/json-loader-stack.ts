import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import {
  BatchFileLoader,
  DatabaseDeliveryPipeline,
  DatabaseLogin,
  DeliverySource,
  FileIngestBucket,
  LoadConflict,
  LoadMapping,
  PipelineAlarms,
  RowSchema,
} from 'cdk-fileworks';
import type { Construct } from 'constructs';

export class JsonLoaderStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // You provide the network. Functions and builds reach AWS and package registries through one NAT gateway, and
    // accept no connections.
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 1,
      gatewayEndpoints: { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
    });

    // You provide the database, too. Migrations use the secret of its owner; the loader logs in with IAM.
    const owner = new rds.DatabaseSecret(this, 'Owner', { username: 'owner' });
    const database = new rds.DatabaseInstance(this, 'Database', {
      vpc,
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MEDIUM),
      credentials: rds.Credentials.fromSecret(owner),
      databaseName: 'sales',
      iamAuthentication: true,
      storageType: rds.StorageType.GP3,
      storageEncrypted: true,
      multiAz: true,
      deletionProtection: true,
    });

    const alerts = new sns.Topic(this, 'Alerts', { enforceSSL: true });
    PipelineAlarms.of(this).notify(new SnsAction(alerts));
    const inbox = new FileIngestBucket(this, 'Inbox');
    const loader = new BatchFileLoader(this, 'Loader', {
      vpc,
      database: DatabaseLogin.iam({
        host: database.instanceEndpoint.hostname,
        databaseName: 'sales',
        user: 'loader',
        resourceId: database.instanceResourceId ?? '',
      }),
      routes: {
        Orders: {
          source: inbox,
          prefix: 'orders/',
          suffix: '.json',
          mapping: LoadMapping.json({
            table: 'sales.orders',
            columns: [
              { name: 'id' },
              { name: 'customer', source: '/customer/id' },
              { name: 'placed_at' },
              { name: 'currency' },
              { name: 'total' },
              { name: 'updated_at' },
              { name: 'document', source: '' },
            ],
            conflict: LoadConflict.update(['id'], { ifGreater: 'updated_at' }),
            schema: RowSchema.fromFile('../../worker/json-loader/order.schema.json'),
          }),
        },
      },
    });
    database.connections.allowDefaultPortFrom(loader);

    // Orders arrive around the clock: an alarm if none did for ten minutes. Choose the longest regular gap of yours.
    inbox.expectFiles({ every: Duration.minutes(10) });

    // A push to main starts migrations inside the network, on a copy of the schema first, and then a deployment of this
    // stack. You provide the repository, too.
    const delivery = new DatabaseDeliveryPipeline(this, 'Delivery', {
      vpc,
      source: DeliverySource.gitHub('acme', 'sales'),
      workingDirectory: 'worker/json-loader',
      database: DatabaseLogin.secret(owner),
      runtimeVersions: { nodejs: '22', python: '3.12' },
      installCommands: ['npm install --no-audit --no-fund'],
      migrateCommands: ['npm run migrate'],
      rollbackCommands: ['npm run rollback "$FILEWORKS_APPLIED_MIGRATIONS"'],
      smokeCommands: ['npm run smoke'],
      historyTable: 'pgmigrations',
      transformCommands: ['cd dbt', 'pip install --quiet -r requirements.txt', 'dbt build'],
      transformSchedule: ScheduleExpression.rate(Duration.hours(1)),
      deployCommands: ['bash ../../*/json-loader/deploy.sh'],
      githubRepository: 'acme/sales',
    });
    database.connections.allowDefaultPortFrom(delivery);
    delivery.writeGitHubWorkflow('../../.github/workflows/database.yml');

    new CfnOutput(this, 'InboxBucket', { value: inbox.bucket.bucketName });
    new CfnOutput(this, 'QueueUrl', { value: loader.queue.queueUrl });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: loader.deadLetterQueue?.queueUrl ?? '' });
    new CfnOutput(this, 'LoaderFunction', { value: loader.handlerFunction.functionName });
    new CfnOutput(this, 'AlertsTopic', { value: alerts.topicArn });
    new CfnOutput(this, 'DeliveryRole', { value: delivery.githubRole?.roleArn ?? '' });
    new CfnOutput(this, 'MigrationProject', { value: delivery.migrationProject.projectName });
    new CfnOutput(this, 'TransformationProject', { value: delivery.transformationProject?.projectName ?? '' });
    new CfnOutput(this, 'DeploymentProject', { value: delivery.deploymentProject?.projectName ?? '' });
  }
}
