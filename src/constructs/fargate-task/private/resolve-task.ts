import { Size, Token } from 'aws-cdk-lib';
import type { Connections } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { LogGroup, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { FargateLimits, FargateSizes } from '../../../contract/service-limits';
import { acknowledge } from '../../private/acknowledge';
import { checkExcluded, checkDuration, checkWholeNumber, orDefault } from '../../private/checks';
import { ownStackRole } from '../../private/own-stack-role';
import { ValidationError } from '../../private/validation-error';
import { FargateTaskDefaults } from '../defaults';
import type { FargateTaskProps } from '../fargate-task-props';

/** The construct's own settings of the container. */
export interface OwnContainer {
  readonly name: string;
  /** Prefix of the names of log streams. */
  readonly streamPrefix: string;
  /** Environment variables that the construct sets, after the user's. */
  readonly environment?: Record<string, string>;
  readonly healthCheck?: ecs.HealthCheck;
}

export interface FargateTask {
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  /** Undefined for an existing task definition. */
  readonly logGroup?: ILogGroup;
}

export interface FargateTaskRules {
  /** Additional props of the construct that configure a new task definition, by name. */
  readonly excluded?: Readonly<Record<string, unknown>>;
  /** Environment variables that the construct sets. */
  readonly reserved?: readonly string[];
}

/** Checks that need no constructs. */
export function checkFargateTask(
  scope: Construct,
  props: FargateTaskProps,
  { excluded = {}, reserved = [] }: FargateTaskRules = {},
): void {
  checkExclusions(scope, props, excluded);
  checkSize(scope, props);
  checkEnvironment(scope, props, new Set(reserved));
  const { minStopTimeoutSeconds, maxStopTimeoutSeconds, minEphemeralStorageGiB, maxEphemeralStorageGiB } =
    FargateLimits;
  checkDuration('stopTimeout', props.stopTimeout, { min: minStopTimeoutSeconds, max: maxStopTimeoutSeconds }, scope);
  checkWholeNumber(
    'ephemeralStorageGiB',
    props.ephemeralStorageGiB,
    { min: minEphemeralStorageGiB, max: maxEphemeralStorageGiB, unit: 'GiB', tokens: true },
    scope,
  );
}

/** Creates the task definition with one container, or uses the given one with its default container. */
export function resolveFargateTask(scope: Construct, props: FargateTaskProps, own: OwnContainer): FargateTask {
  const { taskDefinition, image } = props;
  if (taskDefinition === undefined) {
    if (image === undefined) {
      throw new ValidationError('image is missing; set image, or taskDefinition with a container', scope);
    }
    return createTask(scope, props, image, own);
  }
  const container = taskDefinition.defaultContainer;
  if (container === undefined) {
    throw new ValidationError('taskDefinition needs an essential container; call addContainer first', scope);
  }
  for (const [name, value] of Object.entries(own.environment ?? {})) {
    container.addEnvironment(name, value);
  }
  return { taskDefinition, container };
}

/**
 * Creates the rules in the stack of the tasks: in the stack of a file system, they would create a circular stack
 * reference.
 */
export function allowToVolumes(tasks: Connections, { volumes = [] }: FargateTaskProps): void {
  for (const { networkPeer } of volumes) {
    if (networkPeer !== undefined) {
      tasks.allowToDefaultPort(networkPeer);
    }
  }
}

function checkExclusions(scope: Construct, props: FargateTaskProps, more: Readonly<Record<string, unknown>>): void {
  if (props.taskDefinition !== undefined) {
    const {
      image,
      command,
      entryPoint,
      environment,
      secrets,
      cpu,
      memoryLimitMiB,
      cpuArchitecture,
      ephemeralStorageGiB,
    } = props;
    const { readonlyRootFilesystem, initProcessEnabled, volumes, sidecars } = props;
    const { taskRole, executionRole, logGroup, logRetention } = props;
    checkExcluded(
      'taskDefinition',
      {
        image,
        command,
        entryPoint,
        environment,
        secrets,
        cpu,
        memoryLimitMiB,
        cpuArchitecture,
        ephemeralStorageGiB,
        readonlyRootFilesystem,
        initProcessEnabled,
        volumes,
        sidecars,
        taskRole,
        executionRole,
        logGroup,
        logRetention,
        ...more,
      },
      'set them where the task definition is created',
      scope,
    );
  }
  if (props.logGroup !== undefined) {
    checkExcluded('logGroup', { logRetention: props.logRetention }, 'set it where the log group is created', scope);
  }
}

function checkEnvironment(
  scope: Construct,
  { environment = {}, secrets = {} }: FargateTaskProps,
  reserved: ReadonlySet<string>,
): void {
  for (const [prop, values] of Object.entries({ environment, secrets })) {
    const taken = Object.keys(values).filter((name) => reserved.has(name));
    if (taken.length > 0) {
      throw new ValidationError(
        `${prop} cannot hold ${taken.join(', ')}, which the construct sets; set the corresponding prop`,
        scope,
      );
    }
  }
  const twice = Object.keys(environment).filter((name) => name in secrets);
  if (twice.length > 0) {
    throw new ValidationError(
      `environment and secrets cannot both hold ${twice.join(', ')}; keep it in one of them`,
      scope,
    );
  }
}

/** Throws for a size that Fargate does not offer. A token passes; it could be any of the offered values. */
function checkSize(scope: Construct, props: FargateTaskProps): void {
  const { cpu = FargateTaskDefaults.cpu, memoryLimitMiB = FargateTaskDefaults.memoryLimitMiB } = props;
  const sizes = Token.isUnresolved(cpu) ? Object.values(FargateSizes).flatMap((all = []) => all) : FargateSizes[cpu];
  if (sizes === undefined) {
    throw new ValidationError(`cpu must be one of ${Object.keys(FargateSizes).join(', ')}, got: ${cpu}`, scope);
  }
  if (!Token.isUnresolved(memoryLimitMiB) && !sizes.includes(memoryLimitMiB)) {
    throw new ValidationError(
      `memoryLimitMiB must be one of ${sizes.join(', ')} when cpu is ${cpu}, got: ${orDefault(memoryLimitMiB, props.memoryLimitMiB)}; Fargate offers no other sizes`,
      scope,
    );
  }
}

/**
 * A task definition with one container: non-blocking logs, an init process, a read-only root file system and a writable
 * `/tmp`.
 */
function createTask(
  scope: Construct,
  props: FargateTaskProps,
  image: ecs.ContainerImage,
  own: OwnContainer,
): FargateTask {
  const logGroup =
    props.logGroup ??
    new LogGroup(scope, 'LogGroup', { retention: props.logRetention ?? FargateTaskDefaults.logRetention });
  const taskDefinition = new ecs.FargateTaskDefinition(scope, 'TaskDefinition', {
    cpu: props.cpu ?? FargateTaskDefaults.cpu,
    memoryLimitMiB: props.memoryLimitMiB ?? FargateTaskDefaults.memoryLimitMiB,
    ephemeralStorageGiB: props.ephemeralStorageGiB,
    runtimePlatform: {
      cpuArchitecture: props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64,
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
    },
    taskRole: ownStackRole(scope, 'TaskRole', props.taskRole),
    executionRole: ownStackRole(scope, 'ExecutionRole', props.executionRole),
  });
  const readonlyRootFilesystem = props.readonlyRootFilesystem ?? true;
  const container = taskDefinition.addContainer(own.name, {
    image,
    command: props.command,
    entryPoint: props.entryPoint,
    environment: { ...sorted(props.environment), ...own.environment },
    secrets: sorted(props.secrets),
    stopTimeout: props.stopTimeout ?? FargateTaskDefaults.stopTimeout,
    healthCheck: own.healthCheck,
    readonlyRootFilesystem,
    ...((props.initProcessEnabled ?? true) && {
      linuxParameters: new ecs.LinuxParameters(scope, 'LinuxParameters', { initProcessEnabled: true }),
    }),
    logging: containerLogging(scope, props) ?? writeTo(logGroup, own.streamPrefix),
  });
  if (readonlyRootFilesystem) {
    addScratchVolume(taskDefinition, container);
  }
  props.volumes?.forEach((volume, index) => {
    volume.bind({ taskDefinition, container, volumeName: `volume-${index + 1}` });
  });
  props.sidecars?.forEach((sidecar) => {
    sidecar.bind({ taskDefinition, container, logging: writeTo(logGroup, 'sidecar') });
  });

  acknowledge(
    taskDefinition,
    'AwsSolutions-ECS2',
    'Plain environment variables contain queue URLs and settings; secret values belong in the secrets prop',
  );
  if (props.executionRole === undefined) {
    const reason = 'ecr:GetAuthorizationToken has no narrower resource; ECS needs it to pull an image from ECR';
    acknowledge(taskDefinition.obtainExecutionRole(), 'AwsSolutions-IAM5[Resource::*]', reason);
  }
  return { taskDefinition, container, logGroup };
}

function writeTo(logGroup: ILogGroup, streamPrefix: string): ecs.LogDriver {
  return ecs.LogDrivers.awsLogs({
    logGroup,
    streamPrefix,
    // Failing logs must not block the work.
    mode: ecs.AwsLogDriverMode.NON_BLOCKING,
    maxBufferSize: Size.mebibytes(FargateTaskDefaults.logBufferMiB),
  });
}

/** One sidecar at most can receive the output of the container. */
function containerLogging(scope: Construct, { sidecars = [] }: FargateTaskProps): ecs.LogDriver | undefined {
  const [driver, ...others] = sidecars.flatMap((sidecar) => sidecar.containerLogging ?? []);
  if (others.length > 0) {
    throw new ValidationError(
      `sidecars can include one log router, got: ${others.length + 1}; let one of them send the logs to every destination`,
      scope,
    );
  }
  return driver;
}

function addScratchVolume(taskDefinition: ecs.FargateTaskDefinition, container: ecs.ContainerDefinition): void {
  taskDefinition.addVolume({ name: 'scratch' });
  container.addMountPoints({
    sourceVolume: 'scratch',
    containerPath: FargateTaskDefaults.scratchPath,
    readOnly: false,
  });
}

/** The same order in every language: a Java map is unordered. */
function sorted<T>(values: Record<string, T> = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}
