export { SpotStrategy } from './spot-strategy';
export { useFargateCapacity } from './private/fargate-capacity';
export { checkOnDemandFallback, checkSpotPlatform, warnWithoutSpot } from './private/spot-checks';
