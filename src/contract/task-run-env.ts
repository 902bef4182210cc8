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

/** The greatest wait before the next task, while a dependency is unavailable. */
export const MAX_OUTAGE_WAIT_SECONDS = 900;

/** The report of a wait reaches into the next task, which reports by itself after a minute. */
export const REPORT_AHEAD_MINUTES = 3;

/** So far in advance a wait can have been reported. */
export const MAX_REPORTED_AHEAD_MINUTES = MAX_OUTAGE_WAIT_SECONDS / 60 + REPORT_AHEAD_MINUTES;
