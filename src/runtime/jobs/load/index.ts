export { FileLoader, type FileLoaderOptions, type FileOutcome } from './file-loader.js';
export { fileLoader, LargeFileJob, type LambdaLoader, type LambdaLoaderOptions, type SqsBatch, type SqsBatchResponse } from './lambda-loader.js';
export { largeFileLoader } from './large-file-loader.js';
export { type FileLoaderSetup } from './loader-parts.js';
