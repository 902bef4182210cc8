export { EmfMetrics } from './emf-metrics.js';
export { createLogger, logContext, type CreateLoggerOptions } from './log.js';
export { type EmfMetricsOptions, MetricBuffer } from './metric-buffer.js';
export { metricLine, type Unit } from './metric-line.js';
export { traceJobs } from './tracing.js';
