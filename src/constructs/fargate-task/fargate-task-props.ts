import type { Duration } from 'aws-cdk-lib';
import type { ContainerImage, CpuArchitecture, FargateTaskDefinition, Secret } from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Sidecar } from './sidecar';
import type { TaskVolume } from './task-volume';

/** Properties of a Fargate task. */
export interface FargateTaskProps {
  /**
   * The image of the container. It must be built for `cpuArchitecture`. Set either this or `taskDefinition`.
   *
   * @default - the image of `taskDefinition`
   */
  readonly image?: ContainerImage;

  /**
   * A task definition in place of `image`, with an essential container. Props that would configure a new task
   * definition are then refused.
   *
   * @default - a new task definition with `image`
   */
  readonly taskDefinition?: FargateTaskDefinition;

  /**
   * Arguments of the container, in place of the image's CMD.
   *
   * @default - the image's CMD
   */
  readonly command?: string[];

  /**
   * Entry point of the container, in place of the image's ENTRYPOINT.
   *
   * @default - the image's ENTRYPOINT
   */
  readonly entryPoint?: string[];

  /**
   * Additional environment variables, readable for every principal that may describe the task definition; for secrets,
   * use `secrets`.
   *
   * Names that the construct sets are refused.
   *
   * @default - only the variables that the construct sets
   */
  readonly environment?: Record<string, string>;

  /**
   * Environment variables whose values ECS reads from Secrets Manager or Parameter Store when a task starts.
   *
   * @default - no secrets
   */
  readonly secrets?: Record<string, Secret>;

  /**
   * CPU units of a task: 256, 512, 1024, 2048, 4096, 8192 or 16384, where 1024 is one vCPU.
   *
   * @default 512
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
   */
  readonly cpu?: number;

  /**
   * Memory of a task in MiB; which values there are depends on `cpu`.
   *
   * @default 1024
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
   */
  readonly memoryLimitMiB?: number;

  /**
   * The architecture that the image was built for.
   *
   * @default CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: CpuArchitecture;

  /**
   * Ephemeral storage of a task in GiB, from 21 to 200, for the image and temporary files.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html
   * @default - 20 GiB, which the price of a task includes
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * Whether the container's root file system is read-only; `/tmp` is then a writable volume of the task.
   *
   * Root owns the volume, unless the image declares `VOLUME /tmp` with another owner.
   *
   * @default true
   */
  readonly readonlyRootFilesystem?: boolean;

  /**
   * Whether an init process runs as process 1 of the container, forwards signals to your program and reaps its orphaned
   * processes.
   *
   * Without it, your program is process 1, for which the kernel ignores SIGTERM until the program has a handler: a task
   * that is stopped while a program in Node.js or Python loads its modules runs on until ECS kills it after
   * `stopTimeout`. Disable it for an image with an init process that must be process 1, such as s6-overlay.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html
   * @default true
   */
  readonly initProcessEnabled?: boolean;

  /**
   * Additional volumes of the container, besides `/tmp`.
   *
   * @default - none
   */
  readonly volumes?: TaskVolume[];

  /**
   * Additional containers of the task, such as an OpenTelemetry collector or a log router.
   *
   * @default - none
   */
  readonly sidecars?: Sidecar[];

  /**
   * The task role, which the code in the container uses. Grant permissions to it or to the construct.
   *
   * @default - a new role with the permissions that the construct needs
   */
  readonly taskRole?: IRole;

  /**
   * The execution role, which ECS uses to pull the image, read secrets and write logs.
   *
   * @default - a new role
   */
  readonly executionRole?: IRole;

  /**
   * Time between SIGTERM and SIGKILL when a task is stopped, from 2 to 120 seconds.
   *
   * @default Duration.seconds(120), or for a `taskDefinition` the 30 seconds of ECS
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
   */
  readonly stopTimeout?: Duration;

  /**
   * An existing log group for the container's output. `logRetention` is then refused.
   *
   * @default - a new log group
   */
  readonly logGroup?: ILogGroup;

  /**
   * How long log lines are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}
