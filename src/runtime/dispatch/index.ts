export { Contention } from './contention.js';
export { Dispatcher, type FileEvent } from './dispatcher.js';
export { type DispatcherOptions } from './dispatcher-options.js';
export { decide } from './decide.js';
export {
  type Arrival,
  type Decision,
  type DispatchEvent,
  type DispatchState,
  type FreePlace,
  type Outcome,
} from './events.js';
export { type FailOptions, FileTask, type FileTaskOptions } from './file-task.js';
export { FileTaskError, NotMyTurn, TurnLost } from './file-task-errors.js';
export { DynamoDbStore, type DynamoDbStoreOptions } from './dynamodb/dynamodb-store.js';
export { dispatchTableDefinition } from './dynamodb/table-definition.js';
export { dynamoDbTurns } from './dynamodb/turns.js';
export {
  type EndedFiles,
  type PostgresConnection,
  type PostgresPool,
  PostgresStore,
} from './postgres/postgres-store.js';
export { dispatchSchema } from './postgres/schema.js';
export { fileId, isOlder, normalizeSequencer } from './identity.js';
export { type Limits } from './limits.js';
export { orderByPart, orderByTime } from './order.js';
export {
  type FileObject,
  type FilePolicy,
  type EndedAttempt,
  type FileRow,
  type FileStatus,
  type HeadRow,
  type KeyRow,
  type Pause,
  type PauseRow,
  type QueuedFile,
} from './rows.js';
export { beginFileTask, type RunFileTaskOptions, runFileTask } from './run-file-task.js';
export {
  type DispatchStore,
  type FileChange,
  type FileInsert,
  type FileUpdate,
  type HeadWrite,
  type KeyWrite,
  type PauseWrite,
  type FailedFile,
  type QueuePosition,
  type Write,
} from './store.js';
export {
  type FileContext,
  type FileHandler,
  takeTurn,
  type TurnOptions,
  type TurnOutcome,
  type TurnSource,
} from './take-turn.js';
export { type LaunchedTask, type LaunchResult, type TaskHost, type TaskState } from './task-host.js';
export { LaunchMisconfigured, LaunchThrottled, TaskSupervisor, type TaskSupervisorOptions } from './task-supervisor.js';
