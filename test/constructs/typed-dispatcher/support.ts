import type { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { AwsSolutionsChecks } from 'cdk-nag';
import {
  DispatchTarget,
  type DispatchTypeOptions,
  TypeConcurrency,
  TypedDispatcher,
  type TypedDispatcherProps,
} from '../../../src';
import { createTestApp, image, type TestApp } from '../../support/cdk-stacks';

export interface Fixture extends TestApp {
  readonly dispatcher: TypedDispatcher;
  readonly target: DispatchTarget;
  /** Adds a sequential type that takes every file, unless the options say otherwise. */
  add(id: string, options?: Partial<DispatchTypeOptions>): void;
}

/** @param prepare fills in props that need a stack */
export function createDispatcher(
  props: TypedDispatcherProps = {},
  prepare: (test: TestApp) => void = () => undefined,
): Fixture {
  const test = createTestApp();
  prepare(test);
  const taskDefinition = new ecs.FargateTaskDefinition(test.stack, 'Task');
  taskDefinition.addContainer('worker', { image });
  const target = DispatchTarget.ecsTask({ cluster: test.cluster, taskDefinition });
  const dispatcher = new TypedDispatcher(test.stack, 'Dispatcher', props);
  return {
    ...test,
    dispatcher,
    target,
    add: (id, options = {}) =>
      dispatcher.addType(id, { keys: ['**'], concurrency: TypeConcurrency.sequential(), target, ...options }),
  };
}

interface FunctionResource {
  readonly Properties: {
    readonly Description?: string;
    readonly Environment: { readonly Variables: Record<string, unknown> };
  };
}

/** The environment of one of the dispatcher's functions. */
export function variablesOf(template: Template, id: string): Record<string, unknown> {
  const functions = Object.values(template.findResources('AWS::Lambda::Function')) as FunctionResource[];
  return functions.find(({ Properties: { Description = '' } }) => Description.startsWith(`${id} of`))!.Properties
    .Environment.Variables;
}

/** What cdk-nag finds in the dispatcher, as `rule: construct`. */
export function findingsIn({ dispatcher }: Fixture): string[] {
  return new AwsSolutionsChecks()
    .validateScope(dispatcher)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName}: ${constructPath ?? ''}`),
    );
}
