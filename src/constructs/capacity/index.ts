export { SpotStrategy } from './spot-strategy';
export { useFargateCapacity } from './private/fargate-capacity';
export { checkOnDemandFallback } from './private/on-demand-fallback';
