/** The environment variables that `ScheduledFargateJob` writes into its container. */
export const JobEnv = {
  /**
   * Why the job runs, as JSON: `{"scheduledTime":"2026-11-20T06:00:00Z"}` from the schedule; from a supervised run by
   * hand, the input of the
   * execution.
   */
  input: 'FILEWORKS_JOB_INPUT',
} as const;
