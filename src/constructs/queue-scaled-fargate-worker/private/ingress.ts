import { Stack } from 'aws-cdk-lib';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Port } from 'aws-cdk-lib/aws-ec2';
import type { ContainerDefinition, FargateService } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { checkDuration, checkWholeNumber } from '../../private/checks';
import { checkSoleOwner } from '../../private/sole-owner';
import { ValidationError } from '../../private/validation-error';
import { IngressDefaults } from '../defaults';
import type { WorkerIngress } from '../worker-ingress';

export function checkIngress(
  scope: Construct,
  { port, priority, conditions, deregistrationDelay }: WorkerIngress,
): void {
  checkWholeNumber('ingress.port', port, { min: 1, max: 65_535 }, scope);
  checkWholeNumber('ingress.priority', priority, { min: 1, max: 50_000 }, scope);
  checkDuration('ingress.deregistrationDelay', deregistrationDelay, { min: 0, max: 3_600 }, scope);
  if (conditions.length === 0) {
    throw new ValidationError(
      "ingress.conditions cannot be empty; set the requests that are routed to the tasks, such as ListenerCondition.pathPatterns(['/status/*'])",
      scope,
    );
  }
}

/** Before the service is created, which reads the port. */
export function openPort(container: ContainerDefinition, { port }: WorkerIngress): void {
  container.addPortMappings({ containerPort: port });
}

/**
 * Creates target group and rule in the stack of the worker: in the listener's stack, they would create a circular stack
 * reference.
 */
export function createIngress(
  worker: Construct,
  service: FargateService,
  container: ContainerDefinition,
  ingress: WorkerIngress,
): elb.ApplicationTargetGroup {
  const { listener, port, conditions, priority, healthCheckPath = IngressDefaults.healthCheckPath } = ingress;
  const scope = new Construct(worker, 'Ingress');
  const targets = new elb.ApplicationTargetGroup(scope, 'Targets', {
    vpc: service.cluster.vpc,
    protocol: elb.ApplicationProtocol.HTTP,
    port,
    targets: [service.loadBalancerTarget({ containerName: container.containerName, containerPort: port })],
    healthCheck: { path: healthCheckPath },
    deregistrationDelay: ingress.deregistrationDelay ?? IngressDefaults.deregistrationDelay,
  });
  checkSoleOwner(worker, {
    kind: 'the rule',
    prop: `ingress.priority ${priority}`,
    key: `${listener.listenerArn} ${priority}`,
    stack: Stack.of(listener),
    reason: 'and a listener has one rule of each priority; set another one',
  });
  new elb.ApplicationListenerRule(scope, 'Rule', {
    listener,
    priority,
    conditions,
    action: elb.ListenerAction.forward([targets]),
  });
  service.connections.allowFrom(listener, Port.tcp(port), 'Requests from the load balancer');
  return targets;
}
