export { FargateTaskDefaults } from './defaults';
export type { FargateTaskProps } from './fargate-task-props';
export {
  allowToVolumes,
  checkFargateTask,
  resolveFargateTask,
  type FargateTask,
  type OwnContainer,
} from './private/resolve-task';
export { Sidecar, type LogRouterOptions, type OpenTelemetryCollectorOptions, type SidecarTask } from './sidecar';
export { TaskVolume, type EfsVolumeOptions, type VolumeTask } from './task-volume';
