import type { IConnectable } from 'aws-cdk-lib/aws-ec2';
import type { ContainerDefinition, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { IAccessPoint, IFileSystem } from 'aws-cdk-lib/aws-efs';
import { ValidationError } from '../private/validation-error';

/** The task that a volume is mounted in. */
export interface VolumeTask {
  /** The task definition. */
  readonly taskDefinition: FargateTaskDefinition;
  /** The container that mounts the volume. */
  readonly container: ContainerDefinition;
  /** A name for the volume, unique in the task. */
  readonly volumeName: string;
}

/** Options of `TaskVolume.efs()`. */
export interface EfsVolumeOptions {
  /** The file system. The task definition depends on its mount targets, and the tasks may connect to them. */
  readonly fileSystem: IFileSystem;

  /** The mount path in the container: an absolute path, such as `/mnt/models`. */
  readonly containerPath: string;

  /**
   * The access point, which sets directory and user.
   *
   * @default - the root of the file system, as the user of the container
   */
  readonly accessPoint?: IAccessPoint;

  /**
   * Whether the container may only read. The task role then has no write permission.
   *
   * @default false
   */
  readonly readOnly?: boolean;
}

/**
 * A volume of a task.
 *
 * Extend this class and implement `bind` for a custom volume.
 */
export abstract class TaskVolume {
  /**
   * An empty directory on the task's ephemeral storage: a writable directory in a container with a read-only root.
   *
   * @param containerPath the mount path; an absolute path
   */
  static scratch(containerPath: string): TaskVolume {
    checkPath(containerPath);
    return new BuiltInVolume(({ taskDefinition, container, volumeName }) => {
      taskDefinition.addVolume({ name: volumeName });
      container.addMountPoints({ sourceVolume: volumeName, containerPath, readOnly: false });
    });
  }

  /**
   * An EFS file system that all tasks share, over TLS and with the permissions of the task role.
   *
   * @param options the file system and the mount path
   */
  static efs(options: EfsVolumeOptions): TaskVolume {
    checkPath(options.containerPath);
    return new BuiltInVolume((task) => {
      bindEfs(task, options);
    }, options.fileSystem);
  }

  /**
   * The network peer that the tasks must reach, on its default port.
   *
   * @default - none: the volume is on the task's ephemeral storage
   */
  readonly networkPeer?: IConnectable;

  /**
   * Adds the volume to the task definition, mounts it, and grants its permissions to the task role.
   *
   * @param task the task that the volume is mounted in
   */
  abstract bind(task: VolumeTask): void;
}

class BuiltInVolume extends TaskVolume {
  override readonly networkPeer?: IConnectable;
  readonly #bind: (task: VolumeTask) => void;

  constructor(bind: (task: VolumeTask) => void, networkPeer?: IConnectable) {
    super();
    this.#bind = bind;
    this.networkPeer = networkPeer;
  }

  bind(task: VolumeTask): void {
    this.#bind(task);
  }
}

function bindEfs(
  { taskDefinition, container, volumeName }: VolumeTask,
  { fileSystem, accessPoint, containerPath, readOnly = false }: EfsVolumeOptions,
): void {
  taskDefinition.addVolume({
    name: volumeName,
    efsVolumeConfiguration: {
      fileSystemId: fileSystem.fileSystemId,
      transitEncryption: 'ENABLED',
      authorizationConfig: { iam: 'ENABLED', accessPointId: accessPoint?.accessPointId },
    },
  });
  container.addMountPoints({ sourceVolume: volumeName, containerPath, readOnly });
  taskDefinition.node.addDependency(fileSystem.mountTargetsAvailable);
  fileSystem.grant(
    taskDefinition.taskRole,
    'elasticfilesystem:ClientMount',
    ...(readOnly ? [] : ['elasticfilesystem:ClientWrite']),
  );
}

function checkPath(containerPath: string): void {
  if (!/^\/[^/]/.test(containerPath)) {
    throw new ValidationError(
      `containerPath must be an absolute path below the root, got: ${containerPath}; for example /mnt/data`,
    );
  }
}
