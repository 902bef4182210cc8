export { FileLoader, type FileLoaderOptions, type FileOutcome } from './file-loader.js';
export {
  fileLoader,
  LARGE_FILE_JOB,
  type LambdaLoader,
  type LambdaLoaderOptions,
  type SqsBatch,
  type SqsBatchResponse,
} from './lambda-loader.js';
export { largeFileLoader } from './large-file-loader.js';
export { type FileLoaderSetup } from './loader-parts.js';
