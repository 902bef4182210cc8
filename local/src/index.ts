export type { Clock, ProcessClock } from './clock';
export { LocalCloud } from './local-cloud';
export { LocalCloudError, type LocalCloudErrorCode } from './errors';
export type {
  Emulator,
  EmulatorObserver,
  EmulatorOptions,
  MetricReport,
  UsedStatement,
  PlayedFailure,
  ReportedStack,
  TemplateToCheck,
} from './emulator/emulator';
export type { Failure, Outage } from './failure';
export type { DisturbedDeliveries, Faults } from './faults';
export type { LocalCloudOptions } from './options';
export type { TaskMap, TaskMapEntry } from './tasks/task-map';
export type {
  AlarmState,
  AlarmTransition,
  AlarmView,
  ApiCall,
  Authorization,
  AuthorizedCall,
  BuildMapEntry,
  ClientConfig,
  ContainerRecord,
  Denial,
  Engines,
  LocalCloudEvents,
  LocalProcess,
  LocalTask,
  OutputEvent,
  QueueMetrics,
  ScalableTargetView,
  ScalingActivity,
  StatementUse,
  TaskEvent,
  TaskRecord,
} from './types';
