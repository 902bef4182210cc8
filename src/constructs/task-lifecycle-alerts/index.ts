export { TaskLifecycleAlerts } from './task-lifecycle-alerts';
export type { TaskLifecycleAlertsProps } from './task-lifecycle-alerts-props';
export { AlertFormat, TaskAlert } from './task-alert';
