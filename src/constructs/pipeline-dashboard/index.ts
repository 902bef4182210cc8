export { PipelineDashboard, type PipelineDashboardProps } from './pipeline-dashboard';
export { PipelineStage } from './pipeline-stage';
export type { CustomStageOptions, PipelineGraph, PipelineStageConfig } from './pipeline-stage-config';
