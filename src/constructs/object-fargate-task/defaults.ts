import { MAX_DEPENDENCY_WAIT } from '../fargate-run';

/** Defaults of `ObjectFargateTask`, each with its reason. */
export const ObjectTaskDefaults = {
  /** Two for transient failures, such as a Spot interruption; a task that fails three times will fail again. */
  retries: 2,
  /** A week end, and the days to notice and repair. */
  maxDependencyWait: MAX_DEPENDENCY_WAIT,
} as const;
