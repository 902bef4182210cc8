export { FileHandler, type FileHandlerOptions } from './file-handler.js';
export { FileworksHealthIndicator, type FileworksHealth } from './fileworks-health-indicator.js';
export {
  FileworksModule,
  type FileworksModuleAsyncOptions,
  fileworksOptionsFromEnvironment,
} from './fileworks-module.js';
export { FileworksRunner, type FileworksModuleOptions } from './fileworks-runner.js';
