/** Environment variables of the tasks of `ObjectFargateTask` and `ScheduledFargateJob`. */
export const TaskRunEnv = {
  /** Name of the construct in metrics. */
  name: 'FILEWORKS_TASK_NAME',
  /** Seconds for which a dependency had been unavailable when the task was started; empty if it is the first task. */
  unavailableSeconds: 'FILEWORKS_UNAVAILABLE_SECONDS',
} as const;

/** Seconds for which a task waits for a dependency before it exits. The user sets it; 0 to 600, by default 600. */
export const DEPENDENCY_WAIT_ENV = 'FILEWORKS_DEPENDENCY_WAIT_SECONDS';

/** Exit code of a task for which a dependency was unavailable: `EX_UNAVAILABLE` of `sysexits.h`. */
export const UNAVAILABLE_EXIT_CODE = 69;
