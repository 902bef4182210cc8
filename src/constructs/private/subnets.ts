import { SubnetType, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';
import { warn } from './warning';

export interface TaskNetworkProps {
  readonly cluster: ICluster;
  readonly vpcSubnets?: SubnetSelection;
  readonly assignPublicIp?: boolean;
}

/**
 * Warns when a task could not pull its image, because its subnets have no way out that the app knows of.
 *
 * Endpoints may be created after the task, or outside of the app, so this cannot be an error.
 */
export function warnOfSubnets(scope: IConstruct, { cluster: { vpc }, vpcSubnets, assignPublicIp = false }: TaskNetworkProps): void {
  // As the CDK's service chooses: private subnets by what there is, first those with a way out.
  const { subnetIds, hasPublic } = vpc.selectSubnets(vpcSubnets ?? (assignPublicIp ? { subnetType: SubnetType.PUBLIC } : {}));
  const isolated = new Set(vpc.isolatedSubnets.map(({ subnetId }) => subnetId));
  if (subnetIds.some((id) => isolated.has(id))) {
    warn(
      scope,
      'FargateTask.isolatedSubnets',
      'The tasks are in isolated subnets, where they start only if the VPC has endpoints for ECR (ecr.api, ecr.dkr), S3 and CloudWatch Logs, and for what they '
      + 'call themselves; add those and acknowledge this, or set vpcSubnets to subnets with a NAT gateway',
    );
  }
  if (hasPublic && !assignPublicIp) {
    warn(
      scope,
      'FargateTask.noPublicAddress',
      'The tasks are in public subnets, from which they reach nothing without a public address; set assignPublicIp, or vpcSubnets to private subnets',
    );
  }
}
