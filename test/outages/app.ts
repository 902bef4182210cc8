// One app with a construct for each cell, so that all outages of one duration are played at the same time.
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Cell } from './cell.ts';
import { constructOf } from './cells.ts';

/** Cells of a stack: CloudFormation allows 500 resources. */
const CELLS_OF_STACK = 6;

/** Stands for the image with a program. */
export const imageOf = (program: string): string => `example/outages/${program}`;

/** @param environment of the program of a cell: where the dependencies outside of AWS are */
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
    const construct = constructOf(cell);
    const task = {
      cluster,
      image: ecs.ContainerImage.fromRegistry(imageOf(construct.program ?? 'none')),
      environment: {
        ...environment(cell),
        CELL: cell.id,
        DEPENDENCY: cell.dependency,
        BUCKET: bucket.bucketName,
      },
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      assignPublicIp: true,
    };
    construct.add(stack, cell, { bucket, task });
  }
  app.synth();
}
