export { LocalCloud } from './local-cloud';
export { LocalCloudError, type LocalCloudErrorCode } from './errors';
export type { Emulator, EmulatorObserver, EmulatorOptions } from './emulator/emulator';
export type { DisturbedDeliveries, Faults } from './faults';
export type { LocalCloudOptions } from './options';
export type { TaskMap, TaskMapEntry } from './tasks/task-map';
export type {
  AlarmState,
  AlarmTransition,
  AlarmView,
  ApiCall,
  ClientConfig,
  ContainerRecord,
  LocalCloudEvents,
  LocalProcess,
  LocalTask,
  OutputEvent,
  ScalableTargetView,
  ScalingActivity,
  TaskEvent,
  TaskRecord,
} from './types';
