import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { WorkerIngress } from '../../../src';
import { createTestApp, createWorker, resourceCount, synth, type TestApp } from '../../support/cdk-stacks';

function createIngress(test: TestApp, options: Partial<WorkerIngress> = {}): WorkerIngress {
  const balancer = new elb.ApplicationLoadBalancer(test.shared, 'Balancer', { vpc: test.vpc });
  const listener = balancer.addListener('Http', {
    port: 80,
    open: false,
    defaultAction: elb.ListenerAction.fixedResponse(404),
  });
  return {
    listener,
    port: 3_000,
    priority: 10,
    conditions: [elb.ListenerCondition.pathPatterns(['/status/*'])],
    ...options,
  };
}

it('sends the requests of a listener of another stack to the tasks, with a target group, a rule and an open port in the stack of the worker', () => {
  const test = createTestApp();
  const worker = createWorker(test, {
    ingress: createIngress(test, { healthCheckPath: '/status/ok', deregistrationDelay: Duration.seconds(5) }),
  });

  const template = synth(test);

  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
    Port: 3_000,
    Protocol: 'HTTP',
    TargetType: 'ip',
    HealthCheckPath: '/status/ok',
    TargetGroupAttributes: Match.arrayWith([{ Key: 'deregistration_delay.timeout_seconds', Value: '5' }]),
  });
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
    Priority: 10,
    Conditions: [Match.objectLike({ Field: 'path-pattern' })],
    Actions: [Match.objectLike({ Type: 'forward' })],
  });
  template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 3_000, ToPort: 3_000 });
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({ PortMappings: [{ ContainerPort: 3_000, Protocol: 'tcp' }] })],
  });
  template.hasResourceProperties('AWS::ECS::Service', {
    LoadBalancers: [Match.objectLike({ ContainerName: 'Worker', ContainerPort: 3_000 })],
  });
  expect(worker.targetGroup).toBeInstanceOf(elb.ApplicationTargetGroup);
});

it('opens nothing unless it is asked to', () => {
  const test = createTestApp();
  expect(createWorker(test).targetGroup).toBeUndefined();
  const template = synth(test);
  template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({ PortMappings: Match.absent() })],
  });
  expect(resourceCount(template)).toBe(21);
});

it.each<[string, Partial<WorkerIngress>]>([
  ['ingress.port must be a whole number from 1 to 65535, got: 0', { port: 0 }],
  ['ingress.priority must be a whole number from 1 to 50000, got: 0', { priority: 0 }],
  [
    'ingress.deregistrationDelay must be a whole number of seconds from 0 to 3600, got: 7200',
    { deregistrationDelay: Duration.hours(2) },
  ],
  [
    "ingress.conditions cannot be empty; set the requests that are routed to the tasks, such as ListenerCondition.pathPatterns(['/status/*'])",
    { conditions: [] },
  ],
])('throws: %s', (message, options) => {
  const test = createTestApp();
  expect(() => createWorker(test, { ingress: createIngress(test, options) })).toThrow(
    new Error(`${message} [at Pipeline/Worker]`),
  );
});
