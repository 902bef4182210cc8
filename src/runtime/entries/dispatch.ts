/** `fileworks-runtime/dispatch`: the turn of one file of a `TypedDispatcher`, in a task or as a job of a queue. */
export {
  beginFileTask,
  dispatchTableDefinition,
  DynamoDbStore,
  type DynamoDbStoreOptions,
  dynamoDbTurns,
  type FailOptions,
  type FileContext,
  type FileHandler,
  type FileObject,
  FileTask,
  FileTaskError,
  type FileTaskOptions,
  NotMyTurn,
  runFileTask,
  type RunFileTaskOptions,
  TurnLost,
  type TurnSource,
} from '../dispatch/index.js';
export { fileTaskHandler } from '../jobs/file-task-handler.js';
