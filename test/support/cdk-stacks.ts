import { Annotations, App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { QueueScaledFargateWorker, type QueueScaledFargateWorkerProps } from '../../src';

/** Two stacks, as most teams have them: one with the shared network and cluster, one with the pipeline. */
export interface TestApp {
  readonly app: App;
  readonly stack: Stack;
  readonly shared: Stack;
  readonly vpc: ec2.Vpc;
  readonly cluster: ecs.Cluster;
}

/** aws-cdk-lib from 2.262 on loads a schema validator at the first synth of each test file, which takes seconds. */
process.env.CDK_VALIDATION ??= 'false';

export function createTestApp(context: Record<string, unknown> = {}): TestApp {
  const app = new App({ context, analyticsReporting: false });
  const shared = new Stack(app, 'Shared');
  const vpc = new ec2.Vpc(shared, 'Vpc', { natGateways: 1, maxAzs: 2 });
  const cluster = new ecs.Cluster(shared, 'Cluster', { vpc });
  const stack = new Stack(app, 'Pipeline');
  // Tests of warnings look for others
  for (const each of [shared, stack]) {
    Annotations.of(each).acknowledgeWarning('cdk-fileworks:Alarm.noAction');
  }
  return { app, shared, vpc, cluster, stack };
}

export const image = ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/node:24-slim');

/** A worker with the required props, and the props under test. */
export function createWorker(
  test: TestApp,
  props: Partial<QueueScaledFargateWorkerProps> = {},
  id = 'Worker',
): QueueScaledFargateWorker {
  return new QueueScaledFargateWorker(test.stack, id, { cluster: test.cluster, image, ...props });
}

export function synth(test: TestApp): Template {
  return Template.fromStack(test.stack);
}

export function resourceCount(template: Template): number {
  const { Resources } = template.toJSON() as { Resources?: Record<string, unknown> };
  return Object.keys(Resources ?? {}).length;
}

/** The variables of the one container in a template. */
export function environmentOf(template: Template): Record<string, unknown> {
  const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition')) as TaskDefinitionResource[];
  return Object.fromEntries(
    (task.Properties.ContainerDefinitions[0].Environment ?? []).map(({ Name, Value }) => [Name, Value]),
  );
}

interface TaskDefinitionResource {
  readonly Properties: {
    readonly ContainerDefinitions: readonly {
      readonly Environment?: readonly { readonly Name: string; readonly Value: unknown }[];
    }[];
  };
}
