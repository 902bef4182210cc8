import { Duration, Size, Token } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { FargateLimits, FargateSizes } from '../../contract/service-limits';
import { acknowledge } from './acknowledge';
import { ownStackRole } from './own-stack-role';
import { ValidationError } from './validation-error';

/** What a task has where its user chose nothing, each with its reason. */
export const FargateTaskDefaults = {
  /** Half a vCPU: unpacking and uploading wait for the network more than they compute. */
  cpu: 512,
  /** The smallest memory that Fargate has for half a vCPU. */
  memoryLimitMiB: 1_024,
  /** All the time that Fargate gives: a program that stops drains its work or hands it back. */
  stopTimeout: Duration.seconds(FargateLimits.maxStopTimeoutSeconds),
  /** A month covers the incident and its review; more is a decision about cost. */
  logRetention: RetentionDays.ONE_MONTH,
  /** What the log driver holds back before it drops lines, in MiB: a few seconds of a talkative program. */
  logBufferMiB: 8,
  /** The writable directory of a container whose root is read-only; what temporary files use everywhere. */
  scratchPath: '/tmp',
} as const;

export interface FargateTaskOptions {
  readonly containerName: string;
  /** Beginning of the names of log streams. */
  readonly streamPrefix: string;
  readonly image: ecs.ContainerImage;
  readonly command?: string[];
  readonly entryPoint?: string[];
  /** What the user asked for. */
  readonly environment?: Record<string, string>;
  /** What the construct writes, behind it. */
  readonly ownEnvironment?: Record<string, string>;
  readonly secrets?: Record<string, ecs.Secret>;
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  readonly ephemeralStorageGiB?: number;
  readonly readonlyRootFilesystem?: boolean;
  readonly taskRole?: IRole;
  readonly executionRole?: IRole;
  readonly stopTimeout?: Duration;
  readonly healthCheck?: ecs.HealthCheck;
  readonly logGroup?: ILogGroup;
  readonly logRetention?: RetentionDays;
}

export interface FargateTask {
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  readonly logGroup: ILogGroup;
}

/** Throws for a size that Fargate does not have. Tokens pass. */
export function checkFargateSize(scope: Construct, options: Pick<FargateTaskOptions, 'cpu' | 'memoryLimitMiB'>): void {
  const { cpu = FargateTaskDefaults.cpu, memoryLimitMiB = FargateTaskDefaults.memoryLimitMiB } = options;
  if (Token.isUnresolved(cpu) || Token.isUnresolved(memoryLimitMiB)) {
    return;
  }
  const size = FargateSizes[cpu];
  if (size === undefined) {
    throw new ValidationError(`cpu must be one of ${Object.keys(FargateSizes).join(', ')}, got: ${cpu}`, scope);
  }
  const { min, max, step } = size;
  if (memoryLimitMiB < min || memoryLimitMiB > max || memoryLimitMiB % step !== 0) {
    throw new ValidationError(
      `memoryLimitMiB must be from ${min} to ${max} in steps of ${step} when cpu is ${cpu}, got: ${memoryLimitMiB}; Fargate has no other sizes`,
      scope,
    );
  }
}

/** A task definition with one container: logs written without blocking the work, a read-only root and a writable `/tmp`. */
export function createFargateTask(scope: Construct, options: FargateTaskOptions): FargateTask {
  const logGroup = options.logGroup ?? new LogGroup(scope, 'LogGroup', { retention: options.logRetention ?? FargateTaskDefaults.logRetention });
  const taskDefinition = new ecs.FargateTaskDefinition(scope, 'TaskDefinition', {
    cpu: options.cpu ?? FargateTaskDefaults.cpu,
    memoryLimitMiB: options.memoryLimitMiB ?? FargateTaskDefaults.memoryLimitMiB,
    ephemeralStorageGiB: options.ephemeralStorageGiB,
    runtimePlatform: {
      cpuArchitecture: options.cpuArchitecture ?? ecs.CpuArchitecture.X86_64,
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
    },
    taskRole: ownStackRole(scope, 'TaskRole', options.taskRole),
    executionRole: ownStackRole(scope, 'ExecutionRole', options.executionRole),
  });
  const readonlyRootFilesystem = options.readonlyRootFilesystem ?? true;
  const container = taskDefinition.addContainer(options.containerName, {
    image: options.image,
    command: options.command,
    entryPoint: options.entryPoint,
    environment: { ...sorted(options.environment), ...options.ownEnvironment },
    secrets: sorted(options.secrets),
    stopTimeout: options.stopTimeout ?? FargateTaskDefaults.stopTimeout,
    healthCheck: options.healthCheck,
    readonlyRootFilesystem,
    logging: ecs.LogDrivers.awsLogs({
      logGroup,
      streamPrefix: options.streamPrefix,
      // A log that cannot be written must not stop the work.
      mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(FargateTaskDefaults.logBufferMiB),
    }),
  });
  if (readonlyRootFilesystem) {
    addScratchVolume(taskDefinition, container);
  }

  acknowledge(taskDefinition, 'AwsSolutions-ECS2', 'Plain variables name queues and settings; secret values go through the secrets prop');
  if (options.executionRole === undefined) {
    const reason = 'ecr:GetAuthorizationToken has no narrower resource; ECS needs it to pull an image from ECR';
    acknowledge(taskDefinition.obtainExecutionRole(), 'AwsSolutions-IAM5[Resource::*]', reason);
  }
  return { taskDefinition, container, logGroup };
}

function addScratchVolume(taskDefinition: ecs.FargateTaskDefinition, container: ecs.ContainerDefinition): void {
  taskDefinition.addVolume({ name: 'scratch' });
  container.addMountPoints({ sourceVolume: 'scratch', containerPath: FargateTaskDefaults.scratchPath, readOnly: false });
}

/** The same order in every language: a Java map has none of its own. */
function sorted<T>(values: Record<string, T> = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}
