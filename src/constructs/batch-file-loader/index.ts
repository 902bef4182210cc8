export { BatchFileLoader } from './batch-file-loader';
export type { BatchFileLoaderProps, LoadRouteOptions } from './batch-file-loader-props';
export {
  LoadConflict,
  LoadMapping,
  type CsvMappingOptions,
  type JsonMappingOptions,
  type LoadColumn,
  type LoadMappingOptions,
  type LoadUpdateOptions,
} from './load-mapping';
export { RowSchema } from './row-schema';
