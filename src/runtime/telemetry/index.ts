export { EmfMetrics, type EmfMetricsOptions } from './emf-metrics.js';
export { createLogger, logContext, type CreateLoggerOptions } from './log.js';
export { traceJobs } from './tracing.js';
