export { EmfMetrics } from './emf-metrics.js';
export { createLogger, logContext, type CreateLoggerOptions } from './log.js';
export { type EmfMetricsOptions, MetricBuffer, type Unit } from './metric-buffer.js';
export { traceJobs } from './tracing.js';
