/** Configuration that `TypedDispatcher` passes to its functions at deployment. */

/** How files of one type are recognised and dispatched. */
export interface DispatchRule {
  readonly type: string;
  /** Regular expressions for whole keys, one of which must match; their named groups are the parts of the key. */
  readonly keys: readonly string[];
  /** Bytes, inclusive. */
  readonly minSize?: number;
  readonly maxSize?: number;
  /** Media types without parameters, in lower case; a type that ends with `/*` matches all of its subtypes. */
  readonly contentTypes?: readonly string[];
  /** User metadata that the object must have; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Tags that the object must have. */
  readonly tags?: Readonly<Record<string, string>>;
  /** ARN of a match function, invoked last. */
  readonly matchFunction?: string;
  /** Files of one sequence that may run at the same time; 0: no limit and no sequences. */
  readonly slots: number;
  /** Part of the key; each of its values has its own sequence. */
  readonly sequencePart?: string;
  /** Part of the key that orders files; absent: the time of the event. */
  readonly orderPart?: string;
  readonly settleSeconds: number;
  readonly late: 'run-next' | 'park' | 'append';
  /** Absent: `each` where the bucket has versions, else `latest`. */
  readonly overwrite?: 'latest' | 'each';
  readonly maxAttempts: number;
  readonly exhausted: 'block' | 'park';
  readonly backoffSeconds: number;
  readonly maxBackoffSeconds: number;
  readonly hangTimeoutSeconds: number;
  readonly maxRuntimeSeconds: number;
  /** Absent: the default of the runtime. */
  readonly maxInterruptionSeconds?: number;
}

export interface DispatchRules {
  /** The first matching rule applies. */
  readonly rules: readonly DispatchRule[];
  /** How unmatched files are handled, or the type assigned to them. */
  readonly unmatched: 'dead-letter' | 'ignore' | { readonly type: string };
}

/** Request to a match function. */
export interface MatchRequest {
  readonly type: string;
  readonly correlationId: string;
  /** Time of the S3 event, ISO 8601. */
  readonly time: string;
  readonly object: {
    readonly bucket: string;
    readonly key: string;
    readonly size?: number;
    readonly etag?: string;
    readonly versionId?: string;
  };
}

/** Response of a match function. */
export interface MatchAnswer {
  readonly match: boolean;
  /** Parts of the key for order and sequence, in addition to or instead of those from `keys`. */
  readonly parts?: Readonly<Record<string, string>>;
}

/** The task that files of one type start. */
export interface DispatchLaunch {
  readonly cluster: string;
  /** ARN with its revision. */
  readonly taskDefinition: string;
  readonly container: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
  readonly capacity: readonly { readonly capacityProvider: string; readonly base?: number; readonly weight?: number }[];
  /** A gate container begins the turn; the exit code of the main container ends it. */
  readonly gated?: boolean;
  /** Retries on on-demand capacity after ECS refused the launch or Spot reclaimed the task. */
  readonly fallbackToOnDemand?: boolean;
}

/** The queue that files of one type are sent to. */
export interface DispatchQueue {
  readonly queueUrl: string;
  readonly fifo: boolean;
}

/** The state machine that files of one type start. */
export interface DispatchStateMachine {
  readonly stateMachineArn: string;
}

/** What files of each type start. */
export type DispatchTargets = Readonly<Record<string, DispatchLaunch | DispatchQueue | DispatchStateMachine>>;

/** Environment variables of the functions, in addition to `DispatchStateEnv`. */
export const DispatchFunctionEnv = {
  /** JSON of `DispatchRules`. */
  rules: 'RULES',
  /** JSON of the names of the types. */
  types: 'TYPES',
  /** JSON of `DispatchTargets`. */
  launches: 'LAUNCHES',
  /** JSON of the limits of concurrently running files, per type and in total. */
  limits: 'LIMITS',
  /** JSON of the grouping of each type, see `groupingOf`. */
  groupings: 'GROUPINGS',
  eventQueueUrl: 'EVENT_QUEUE_URL',
  deadLetterQueueUrl: 'DEAD_LETTER_QUEUE_URL',
  /** Prefix of `startedBy` of every task of this dispatcher. */
  startedBy: 'STARTED_BY',
  /** Prefix of the name of every execution of this dispatcher; at most 16 letters and digits. */
  executionPrefix: 'EXECUTION_PREFIX',
  /** Dimension of the dispatcher's metrics. */
  name: 'DISPATCHER_NAME',
  /** Maximum launches per second of one function instance. */
  launchesPerSecond: 'LAUNCHES_PER_SECOND',
} as const;

const GATE_PREFIX = 'fileworks-gate-';

/** Name of the gate container, which begins the turn for another container of the task. */
export const gateOf = (container: string): string => `${GATE_PREFIX}${container}`;

/** The main container of a gate container; undefined if the container is not a gate. */
export const gatedBy = (container: string): string | undefined =>
  container.startsWith(GATE_PREFIX) ? container.slice(GATE_PREFIX.length) : undefined;

/** Body of a message in the wake-up queue. */
export interface DispatchWake {
  readonly file: string;
}

/** Event of the sweep schedule. */
export const DispatchSweep = { fileworksDispatch: 'sweep' } as const;

/** `startedBy` of the task of one launch; at most 128 characters: letters, digits, `-`, `_` and `/`. */
export const startedByOf = (prefix: string, file: string, epoch: number): string => `${prefix}/${file}/${epoch}`;

/** Name of the execution of one launch; at most 80 characters, 52 of which are the file id. */
export const executionNameOf = (prefix: string, file: string, epoch: number): string => `${prefix}-${file}-${epoch}`;

/**
 * Metrics in the Fileworks namespace, with dimension `Dispatcher`; those that apply to a type also with `Dispatcher`
 * and `Type`.
 */
export const DispatchMetrics = {
  /** Files that block their sequence until an operator acts. */
  blockedFiles: 'BlockedFiles',
  /** Parked files. */
  parkedFiles: 'ParkedFiles',
  /** Seconds since the registration of the oldest queued file. */
  oldestQueuedAge: 'OldestQueuedFileAge',
  /** Launches that ECS refused; they are retried. */
  launchesRefused: 'LaunchesRefused',
  /** Turns by outcome; a stream record that is delivered twice counts twice. */
  filesCompleted: 'FilesCompleted',
  filesSkipped: 'FilesSkipped',
  filesParked: 'FilesParked',
  /** Scopes paused by an operator: types, sequences and `*`. */
  pausedScopes: 'PausedScopes',
  /** Completed sweeps. */
  sweeps: 'SweepsCompleted',
} as const;

export const DISPATCH_METRIC_DIMENSION = 'Dispatcher';
export const DISPATCH_TYPE_DIMENSION = 'Type';
