export { PipelineAlarms } from './pipeline-alarms';
