import { SubnetType, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';
import { warn } from './warning';

export interface TaskNetworkProps {
  readonly cluster: ICluster;
  readonly vpcSubnets?: SubnetSelection;
  readonly assignPublicIp?: boolean;
}

/**
 * The choice of the CDK's service: public subnets for tasks with public addresses, otherwise private ones, preferably
 * with egress.
 */
export function taskSubnets({
  vpcSubnets,
  assignPublicIp = false,
}: Omit<TaskNetworkProps, 'cluster'>): SubnetSelection {
  return vpcSubnets ?? (assignPublicIp ? { subnetType: SubnetType.PUBLIC } : {});
}

/**
 * Warns if a task could not pull its image, because its subnets have no egress in this app.
 *
 * Endpoints may be created after the task, or outside of the app, so this cannot be an error.
 */
export function warnOfSubnets(
  scope: IConstruct,
  { cluster: { vpc }, vpcSubnets, assignPublicIp = false }: TaskNetworkProps,
): void {
  const { subnetIds, hasPublic } = vpc.selectSubnets(taskSubnets({ vpcSubnets, assignPublicIp }));
  if (anyIsolated(vpc, subnetIds)) {
    warn(
      scope,
      'FargateTask.isolatedSubnets',
      'The tasks are in isolated subnets, where they start only if the VPC has endpoints for ECR (ecr.api, ecr.dkr), S3 and CloudWatch Logs, and for the services that they ' +
        'call; add those and acknowledge this, or set vpcSubnets to subnets with a NAT gateway',
    );
  }
  if (hasPublic && !assignPublicIp) {
    warn(
      scope,
      'FargateTask.noPublicAddress',
      'The tasks are in public subnets, which have no egress without a public IP address; set assignPublicIp, or vpcSubnets to private subnets',
    );
  }
}

/** Warns about a function without egress from its VPC. */
export function warnOfFunctionSubnets(scope: IConstruct, vpc: IVpc, vpcSubnets?: SubnetSelection): void {
  if (anyIsolated(vpc, vpc.selectSubnets(vpcSubnets).subnetIds)) {
    warn(
      scope,
      'Function.isolatedSubnets',
      'The function is in isolated subnets, where it reaches only services with VPC endpoints: it needs endpoints of the AWS services that it calls; add them and ' +
        'acknowledge this, or set vpcSubnets to subnets with a NAT gateway',
    );
  }
}

function anyIsolated(vpc: IVpc, subnetIds: readonly string[]): boolean {
  const isolated = new Set(vpc.isolatedSubnets.map(({ subnetId }) => subnetId));
  return subnetIds.some((id) => isolated.has(id));
}
