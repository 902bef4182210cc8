import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { resolveFargateTask, type FargateTask } from '../../fargate-task';
import { checkSoleOwner } from '../../private/sole-owner';
import { ValidationError } from '../../private/validation-error';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** Creates the worker's task definition, or uses the given one. */
export function resolveWorkerTask(
  scope: Construct,
  props: QueueScaledFargateWorkerProps,
  environment: Record<string, string>,
): FargateTask {
  if (props.taskDefinition !== undefined && Stack.of(props.taskDefinition) !== Stack.of(scope)) {
    throw new ValidationError(
      'taskDefinition must be in the stack of the worker, because each references the other; move it there',
      scope,
    );
  }
  const task = resolveFargateTask(scope, props, {
    name: 'Worker',
    streamPrefix: 'worker',
    environment,
    healthCheck: props.healthCheck?.containerHealthCheck,
  });
  checkSoleOwner(scope, {
    kind: 'the worker',
    prop: 'taskDefinition',
    key: task.taskDefinition.node.addr,
    stack: Stack.of(scope),
    reason: 'and holds the queue of one worker in its environment; create a task definition for each',
  });
  return task;
}
