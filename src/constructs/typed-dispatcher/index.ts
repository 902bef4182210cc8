export { DispatchTarget, type EcsTaskTargetOptions } from './dispatch-target';
export type { DispatchTypeOptions } from './dispatch-type-options';
export { FileOrder, LateFile, OnExhausted, OverwritePolicy } from './file-order';
export {
  StateStore,
  StateTableCapacity,
  type DynamoDbStateOptions,
  type PostgresStateOptions,
  type ProvisionedCapacityOptions,
} from './state-store';
export { TaskCompletion, type ExitCodeCompletionOptions } from './task-completion';
export { TypeConcurrency } from './type-concurrency';
export { EventDelivery, TypedDispatcher, type TypedDispatcherProps } from './typed-dispatcher';
export { UnmatchedFile } from './unmatched-file';
