export { SpotStrategy } from './spot-strategy';
export { useFargateCapacity } from './private/fargate-capacity';
