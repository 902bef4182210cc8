export { ExportOrchestrator } from './export-orchestrator';
export type { ExportOrchestratorProps } from './export-orchestrator-props';
export { PostProcessing } from './post-processing';
