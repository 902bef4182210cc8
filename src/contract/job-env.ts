/** Environment variables that `ScheduledFargateJob` sets in its container. */
export const JobEnv = {
  /**
   * Input of the run, as JSON: `{"scheduledTime":"2026-11-20T06:00:00Z"}` from the schedule; the execution input for a
   * supervised run started manually.
   */
  input: 'FILEWORKS_JOB_INPUT',
} as const;
