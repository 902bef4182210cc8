export type { FargateTaskProps } from './fargate-task-props';
export { Sidecar, type LogRouterOptions, type OpenTelemetryCollectorOptions, type SidecarTask } from './sidecar';
export { TaskVolume, type EfsVolumeOptions, type VolumeTask } from './task-volume';
