export { PipelineDashboard, type PipelineDashboardProps } from './pipeline-dashboard';
export { PipelineStage, type CustomStageOptions, type PipelineGraph, type PipelineStageConfig } from './pipeline-stage';
