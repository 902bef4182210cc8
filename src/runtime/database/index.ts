export { type ConnectAs, iamCredentials, secretCredentials, type SignToken } from './credentials.js';
export { faultOf } from './fault.js';
export { Ledger, type LedgerFile, ledgerFile, ledgerSchema } from './ledger.js';
export { FileRejected, type FilePlace } from './load-error.js';
export { databaseSettings, logIn } from './log-in.js';
export {
  FileLoadFailure,
  type FileToLoad,
  type LoadFile,
  type RouteLoader,
  MappingRouteLoader,
  type OpenFile,
  FunctionRouteLoader,
  type PreparedFile,
} from './route-loader.js';
export { DatabaseUnavailable, LoaderConnection } from './loader-connection.js';
export { RenewingPool, type RenewingPoolOptions } from './renewing-pool.js';
export { rejectionOf } from './table-loader.js';
