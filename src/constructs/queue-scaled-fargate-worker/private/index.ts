// Parts that few workers have. An index loads them when they are first used, with what they need of aws-cdk-lib.
export { bindBacklogPerTask } from './backlog-per-task';
export { checkIngress, createIngress, openPort } from './ingress';
export { createSpotFallback } from './spot-fallback-parts';
export { createWakeUp } from './wake-up-parts';
