import { CfnClusterCapacityProviderAssociations, Cluster, type ICluster } from 'aws-cdk-lib/aws-ecs';
import { Dependable, type IConstruct, type IDependable } from 'constructs';

/**
 * Makes sure that the cluster knows FARGATE and FARGATE_SPOT before `user` asks for them, and as long as it does.
 *
 * ECS refuses to take a capacity provider off a cluster that still has a service on it, so without the dependency a
 * stack
 * that holds both cannot be deleted. A cluster that was imported must have both providers already.
 */
export function useFargateCapacity(cluster: ICluster, user: IConstruct): void {
  if (cluster instanceof Cluster) {
    cluster.enableFargateCapacityProviders();
    user.node.addDependency(new CapacityProviderAssociations(cluster));
  }
}

/** The CDK adds the association while it prepares the app, so what to depend on is found when it is asked for. */
class CapacityProviderAssociations implements IDependable {
  constructor(cluster: Cluster) {
    Dependable.implement(this, new AssociationsOf(cluster));
  }
}

class AssociationsOf extends Dependable {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    super();
    this.#cluster = cluster;
  }

  get dependencyRoots(): IConstruct[] {
    return this.#cluster.node.findAll().filter((child) => child instanceof CfnClusterCapacityProviderAssociations);
  }
}
