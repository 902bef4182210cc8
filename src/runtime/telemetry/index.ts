export { createLogger, logContext, type CreateLoggerOptions } from './log.js';
