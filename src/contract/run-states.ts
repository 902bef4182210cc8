/**
 * States of the state machines that run a task, by which the CLI recognizes them and finds executions to run again.
 */
export const ObjectTaskStates = {
  work: 'Work',
  done: 'Done',
  /** Sends the event to the dead-letter queue. */
  deadLetter: 'DeadLetter',
  /** Ends an execution whose event is in the dead-letter queue. */
  failed: 'Failed',
} as const;

export const SupervisedJobStates = {
  supervise: 'Supervise',
  /** Ends a run that did nothing, because the previous one was still running. */
  skipped: 'Skipped',
} as const;
