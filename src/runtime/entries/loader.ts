/** `fileworks-runtime/loader`: files of S3 into tables of PostgreSQL, each once. */
export type { LoadColumn, LoadConflictRule, LoadFormat, LoadRoute } from '../../contract/load-route.js';
export {
  type ConnectAs,
  DatabaseUnavailable,
  FileRejected,
  type FilePlace,
  type FileToLoad,
  iamCredentials,
  type LedgerFile,
  ledgerFile,
  ledgerSchema,
  type LoadFile,
  LoaderConnection,
  secretCredentials,
  type SignToken,
} from '../database/index.js';
export {
  FileLoader,
  fileLoader,
  type FileLoaderOptions,
  type FileLoaderSetup,
  type FileOutcome,
  type LambdaLoader,
  type LambdaLoaderOptions,
  LARGE_FILE_JOB,
  largeFileLoader,
  type SqsBatch,
  type SqsBatchResponse,
} from '../jobs/load/index.js';
