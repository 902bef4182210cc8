import { Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { createFargateTask } from '../../private/fargate-task';
import { ValidationError } from '../../private/validation-error';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

export interface WorkerTask {
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  readonly logGroup?: ILogGroup;
}

/** Creates the worker's task definition, or takes the one that was given. */
export function resolveWorkerTask(scope: Construct, props: QueueScaledFargateWorkerProps, environment: Record<string, string>): WorkerTask {
  if (props.taskDefinition !== undefined) {
    return takeTask(scope, props.taskDefinition, environment);
  }
  if (props.image === undefined) {
    throw new ValidationError('image is missing; give image, or taskDefinition with a container of its own', scope);
  }
  return createFargateTask(scope, {
    ...props,
    image: props.image,
    ownEnvironment: environment,
    healthCheck: props.healthCheck?.containerHealthCheck,
    containerName: 'Worker',
    streamPrefix: 'worker',
  });
}

function takeTask(scope: Construct, taskDefinition: ecs.FargateTaskDefinition, environment: Record<string, string>): WorkerTask {
  if (Stack.of(taskDefinition) !== Stack.of(scope)) {
    throw new ValidationError('taskDefinition must be created in the stack of the worker, because each of them names the other; move it here', scope);
  }
  const container = taskDefinition.defaultContainer;
  if (container === undefined) {
    throw new ValidationError('taskDefinition needs an essential container before it is handed over; call addContainer first', scope);
  }
  for (const [name, value] of Object.entries(environment)) {
    container.addEnvironment(name, value);
  }
  return { taskDefinition, container };
}
