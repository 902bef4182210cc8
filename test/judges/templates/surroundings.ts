import { Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DatabaseLogin, LoadMapping } from 'cdk-fileworks';

/** What a construct is given: created in another stack of the app, or imported. */
export interface Surroundings {
  readonly stack: Stack;
  readonly vpc: ec2.IVpc;
  readonly cluster: ecs.ICluster;
  readonly bucket: s3.IBucket;
}

export type Builds = Readonly<Record<string, (surroundings: Surroundings) => unknown>>;

export const image = ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/node:24-slim');
export const hourly = ScheduleExpression.rate(Duration.hours(1));
export const mapping = LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] });
export const secretLogin = (stack: Stack) => DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Secret', 'files'));

export function created(shared: Stack): Omit<Surroundings, 'stack'> {
  const vpc = new ec2.Vpc(shared, 'Vpc', { natGateways: 1, maxAzs: 2 });
  return {
    vpc,
    cluster: new ecs.Cluster(shared, 'Cluster', { vpc }),
    bucket: new s3.Bucket(shared, 'Bucket', { enforceSSL: true, eventBridgeEnabled: true }),
  };
}

export function imported(stack: Stack): Omit<Surroundings, 'stack'> {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: stack.availabilityZones.slice(0, 1),
    privateSubnetIds: ['subnet-0123456789abcdef0'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
  });
  return {
    vpc,
    cluster: ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shared', vpc }),
    bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-files'),
  };
}
