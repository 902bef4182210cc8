import type { IConnectable } from 'aws-cdk-lib/aws-ec2';
import type { ContainerDefinition, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { IAccessPoint, IFileSystem } from 'aws-cdk-lib/aws-efs';
import { ValidationError } from '../private/validation-error';

/** What a volume is mounted into. */
export interface VolumeTask {
  /** The task definition that names the volume. */
  readonly taskDefinition: FargateTaskDefinition;
  /** The container that sees it. */
  readonly container: ContainerDefinition;
  /** A name for the volume that no other one of the task has. */
  readonly volumeName: string;
}

/** How a file system of EFS is mounted. */
export interface EfsVolumeOptions {
  /** The file system. Tasks start once its mount targets are there, and may reach them. */
  readonly fileSystem: IFileSystem;

  /** Where the container sees it: an absolute path, such as `/mnt/models`. */
  readonly containerPath: string;

  /**
   * The access point to go through, which sets directory and user.
   *
   * @default - the root of the file system, as the user that the container runs as
   */
  readonly accessPoint?: IAccessPoint;

  /**
   * Whether the container may only read. Its role then may not write either.
   *
   * @default false
   */
  readonly readOnly?: boolean;
}

/**
 * Files that a task sees beside its image.
 *
 * Extend it and implement `bind` to bring a volume of your own.
 */
export abstract class TaskVolume {
  /**
   * An empty directory on the task's own disk, which goes with the task: a writable place in a container whose root is
   * read-only.
   *
   * @param containerPath where the container sees it; an absolute path
   */
  static scratch(containerPath: string): TaskVolume {
    checkPath(containerPath);
    return new BuiltInVolume(({ taskDefinition, container, volumeName }) => {
      taskDefinition.addVolume({ name: volumeName });
      container.addMountPoints({ sourceVolume: volumeName, containerPath, readOnly: false });
    });
  }

  /**
   * A file system of EFS that all tasks share, over TLS and by the permissions of the task role.
   *
   * @param options what is mounted, and where
   */
  static efs(options: EfsVolumeOptions): TaskVolume {
    checkPath(options.containerPath);
    return new BuiltInVolume((task) => {
      bindEfs(task, options);
    }, options.fileSystem);
  }

  /**
   * What the tasks must reach over the network, on its default port.
   *
   * @default - nothing: the volume is on the task's own disk
   */
  readonly networkPeer?: IConnectable;

  /**
   * Adds the volume to the task definition, mounts it, and grants the task role what it takes.
   *
   * @param task what it is mounted into
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
