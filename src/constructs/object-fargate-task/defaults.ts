/** What `ObjectFargateTask` chooses where its user did not, each with its reason. */
export const ObjectTaskDefaults = {
  /** Two for trouble that passes, such as a Spot reclaim; what fails three times will fail again. */
  retries: 2,
} as const;
