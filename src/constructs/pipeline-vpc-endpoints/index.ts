export { PipelineVpcEndpoints, type PipelineVpcEndpointsProps } from './pipeline-vpc-endpoints';
