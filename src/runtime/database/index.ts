export { type ConnectAs, iamCredentials, secretCredentials, type SignToken } from './credentials.js';
export { faultOf } from './fault.js';
export { Ledger, type LedgerFile, ledgerFile, ledgerSchema } from './ledger.js';
export { FileRejected, type FilePlace } from './load-error.js';
export { databaseSettings, logIn } from './log-in.js';
export {
  FileTrouble,
  type FileToLoad,
  type LoadFile,
  type LoadWork,
  MappedWork,
  type OpenFile,
  OwnWork,
  type PreparedFile,
} from './load-work.js';
export { DatabaseUnavailable, LoaderConnection } from './loader-connection.js';
export { RenewingPool, type RenewingPoolOptions } from './renewing-pool.js';
export { refusal } from './table-loader.js';
