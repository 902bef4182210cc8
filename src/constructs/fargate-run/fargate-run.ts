import { Connections, SecurityGroup, type ISecurityGroup, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { checkSpotPlatform, type SpotStrategy } from '../capacity';
import { allowToVolumes, resolveFargateTask, type FargateTaskProps, type OwnContainer } from '../fargate-task';
import { pathOf } from '../private/paths';
import { taskSubnets, warnOfSubnets } from '../private/subnets';

/** A task for one unit of work, and where it runs. */
export interface FargateRun {
  readonly cluster: ecs.ICluster;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  readonly capacity: ecs.CapacityProviderStrategy[];
  readonly network: FargateRunNetwork;
}

export interface FargateRunNetwork {
  readonly subnetIds: string[];
  readonly securityGroups: ISecurityGroup[];
  readonly assignPublicIp: boolean;
}

export interface FargateRunProps extends FargateTaskProps {
  readonly cluster: ecs.ICluster;
  readonly vpcSubnets?: SubnetSelection;
  readonly securityGroups?: ISecurityGroup[];
  readonly assignPublicIp?: boolean;
}

/** Creates the resources that the props do not set. */
export function resolveFargateRun(
  scope: Construct,
  props: FargateRunProps,
  own: OwnContainer,
  capacity: SpotStrategy,
): FargateRun {
  const { cluster } = props;
  const { subnetIds } = cluster.vpc.selectSubnets(taskSubnets(props));
  const securityGroups = props.securityGroups ?? [
    new SecurityGroup(scope, 'SecurityGroup', { vpc: cluster.vpc, description: `Tasks of ${pathOf(scope)}` }),
  ];
  allowToVolumes(new Connections({ securityGroups }), props);
  warnOfSubnets(scope, props);
  const task = resolveFargateTask(scope, props, own);
  checkSpotPlatform(scope, task.taskDefinition, capacity);
  return {
    cluster,
    ...task,
    capacity: capacity.capacityProviderStrategies,
    network: { subnetIds, securityGroups, assignPublicIp: props.assignPublicIp ?? false },
  };
}
