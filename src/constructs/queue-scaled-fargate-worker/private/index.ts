// Parts that few workers have. The index loads them, and the modules of aws-cdk-lib that they import, when they are
// first used.
export { bindBacklogPerTask } from './backlog-per-task';
export { checkIngress, createIngress, openPort } from './ingress';
export { createSpotFallback } from './spot-fallback-parts';
export { createWakeUp } from './wake-up-parts';
