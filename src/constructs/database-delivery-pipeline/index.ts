export { DatabaseDeliveryPipeline } from './database-delivery-pipeline';
export { DeliverySource } from './delivery-source';
export type { DatabaseDeliveryPipelineProps } from './database-delivery-pipeline-props';
