import { Size, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { LogGroup, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledge } from '../../private/acknowledge';
import { ownStackRole } from '../../private/own-stack-role';
import { ValidationError } from '../../private/validation-error';
import { WorkerDefaults } from '../defaults';
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
  return createTask(scope, props, props.image, environment);
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

function createTask(
  scope: Construct,
  props: QueueScaledFargateWorkerProps,
  image: ecs.ContainerImage,
  environment: Record<string, string>,
): WorkerTask {
  const logGroup = props.logGroup ?? new LogGroup(scope, 'LogGroup', { retention: props.logRetention ?? WorkerDefaults.logRetention });
  const taskDefinition = new ecs.FargateTaskDefinition(scope, 'TaskDefinition', {
    cpu: props.cpu ?? WorkerDefaults.cpu,
    memoryLimitMiB: props.memoryLimitMiB ?? WorkerDefaults.memoryLimitMiB,
    ephemeralStorageGiB: props.ephemeralStorageGiB,
    runtimePlatform: {
      cpuArchitecture: props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64,
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
    },
    taskRole: ownStackRole(scope, 'TaskRole', props.taskRole),
    executionRole: ownStackRole(scope, 'ExecutionRole', props.executionRole),
  });
  const readonlyRootFilesystem = props.readonlyRootFilesystem ?? true;
  const container = taskDefinition.addContainer('Worker', {
    image,
    command: props.command,
    entryPoint: props.entryPoint,
    environment: { ...sorted(props.environment), ...environment },
    secrets: sorted(props.secrets),
    stopTimeout: props.stopTimeout ?? WorkerDefaults.stopTimeout,
    healthCheck: props.healthCheck?.containerHealthCheck,
    readonlyRootFilesystem,
    logging: ecs.LogDrivers.awsLogs({
      logGroup,
      streamPrefix: 'worker',
      // A log that cannot be written must not stop the work.
      mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(WorkerDefaults.logBufferMiB),
    }),
  });
  if (readonlyRootFilesystem) {
    addScratchVolume(taskDefinition, container);
  }

  acknowledge(taskDefinition, 'AwsSolutions-ECS2', 'Plain variables name queues and settings; secret values go through the secrets prop');
  if (props.executionRole === undefined) {
    const reason = 'ecr:GetAuthorizationToken has no narrower resource; ECS needs it to pull an image from ECR';
    acknowledge(taskDefinition.obtainExecutionRole(), 'AwsSolutions-IAM5[Resource::*]', reason);
  }
  return { taskDefinition, container, logGroup };
}

function addScratchVolume(taskDefinition: ecs.FargateTaskDefinition, container: ecs.ContainerDefinition): void {
  taskDefinition.addVolume({ name: 'scratch' });
  container.addMountPoints({ sourceVolume: 'scratch', containerPath: WorkerDefaults.scratchPath, readOnly: false });
}

/** The same order in every language: a Java map has none of its own. */
function sorted<T>(values: Record<string, T> = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}
