/** Defaults of `ObjectFargateTask`, each with its reason. */
export const ObjectTaskDefaults = {
  /** Two for transient failures, such as a Spot interruption; a task that fails three times will fail again. */
  retries: 2,
} as const;
