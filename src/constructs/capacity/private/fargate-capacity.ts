import { CfnClusterCapacityProviderAssociations, Cluster, type ICluster } from 'aws-cdk-lib/aws-ecs';
import { Dependable, type IConstruct, type IDependable } from 'constructs';

/**
 * Ensures that the cluster has FARGATE and FARGATE_SPOT before `user` is created and until it is deleted.
 *
 * ECS refuses to remove a capacity provider that a service still uses, so without the dependency a stack with both
 * cannot be deleted. An imported cluster must have both providers already.
 */
export function useFargateCapacity(cluster: ICluster, user: IConstruct): void {
  if (cluster instanceof Cluster) {
    cluster.enableFargateCapacityProviders();
    user.node.addDependency(new CapacityProviderAssociations(cluster));
  }
}

/** The CDK adds the association while it prepares the app, so the dependency is resolved lazily. */
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
