/** What `TypedDispatcher` tells its functions at deployment. */

/** How files of one type are recognised and dispatched. */
export interface DispatchRule {
  readonly type: string;
  /** Regular expressions of whole keys, of which one must match; their named groups are the parts of the key. */
  readonly keys: readonly string[];
  /** Bytes, inclusive. */
  readonly minSize?: number;
  readonly maxSize?: number;
  /** Media types without parameters, in lower case; one that ends with `/*` stands for all that begin so. */
  readonly contentTypes?: readonly string[];
  /** User metadata that the object must have; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Tags that the object must have. */
  readonly tags?: Readonly<Record<string, string>>;
  /** ARN of a function that has the last word. */
  readonly matchFunction?: string;
  /** Files that may work at the same time in one sequence; 0: without limit, there are no sequences. */
  readonly slots: number;
  /** Part of the key that makes a sequence of its own. */
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
}

export interface DispatchRules {
  /** The first that matches counts. */
  readonly rules: readonly DispatchRule[];
  /** What becomes of a file that none matches, or the type that it gets. */
  readonly unmatched: 'dead-letter' | 'ignore' | { readonly type: string };
}

/** What a match function is asked. */
export interface MatchRequest {
  readonly type: string;
  readonly correlationId: string;
  /** When S3 sent the event, ISO 8601. */
  readonly time: string;
  readonly object: {
    readonly bucket: string;
    readonly key: string;
    readonly size?: number;
    readonly etag?: string;
    readonly versionId?: string;
  };
}

/** What a match function answers. */
export interface MatchAnswer {
  readonly match: boolean;
  /** Parts of the key by which files are ordered or make sequences, beside or in place of those that `keys` names. */
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
  /** A gate takes the turn of the container, whose exit code ends it. */
  readonly gated?: boolean;
  /** Runs on demand what ECS refused, or Spot reclaimed. */
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

/** Variables of the functions, beside those of `DispatchStateEnv`. */
export const DispatchFunctionEnv = {
  /** JSON of `DispatchRules`. */
  rules: 'RULES',
  /** JSON of the names of the types. */
  types: 'TYPES',
  /** JSON of `DispatchTargets`. */
  launches: 'LAUNCHES',
  /** JSON of the limits of files that work at once, of each type and of all. */
  limits: 'LIMITS',
  eventQueueUrl: 'EVENT_QUEUE_URL',
  deadLetterQueueUrl: 'DEAD_LETTER_QUEUE_URL',
  /** Begins `startedBy` of every task of this dispatcher. */
  startedBy: 'STARTED_BY',
  /** Begins the name of every execution of this dispatcher; 16 characters at most, letters and digits. */
  executionPrefix: 'EXECUTION_PREFIX',
  /** Dimension of the dispatcher's metrics. */
  name: 'DISPATCHER_NAME',
  /** Launches that one function at a time may make in a second. */
  launchesPerSecond: 'LAUNCHES_PER_SECOND',
} as const;

const GATE_PREFIX = 'fileworks-gate-';

/** Name of the container that takes the turn for another one of its task. */
export const gateOf = (container: string): string => `${GATE_PREFIX}${container}`;

/** The container that a gate is for; undefined for a container that is none. */
export const gatedBy = (container: string): string | undefined =>
  container.startsWith(GATE_PREFIX) ? container.slice(GATE_PREFIX.length) : undefined;

/** Body of a message in the wake-up queue. */
export interface DispatchWake {
  readonly file: string;
}

/** Event of the schedule that sweeps. */
export const DispatchSweep = { fileworksDispatch: 'sweep' } as const;

/** `startedBy` of the task of one launch; 128 characters at most, letters, digits, `-`, `_` and `/`. */
export const startedByOf = (prefix: string, file: string, epoch: number): string => `${prefix}/${file}/${epoch}`;

/** Name of the execution of one launch; 80 characters at most, of which a file has 52. */
export const executionNameOf = (prefix: string, file: string, epoch: number): string => `${prefix}-${file}-${epoch}`;

/**
 * Metrics in the namespace of Fileworks, by the dimension `Dispatcher`, and by `Dispatcher` and `Type` those that a
 * type can have.
 */
export const DispatchMetrics = {
  /** Files that hold up their sequence until an operator acts. */
  blockedFiles: 'BlockedFiles',
  /** Files that were put aside. */
  parkedFiles: 'ParkedFiles',
  /** Seconds since the registration of the oldest file that waits for its turn. */
  oldestQueuedAge: 'OldestQueuedFileAge',
  /** Launches that ECS refused; they are tried again. */
  launchesRefused: 'LaunchesRefused',
  /** Turns that ended so; a record of the table's stream that comes twice counts twice. */
  filesCompleted: 'FilesCompleted',
  filesSkipped: 'FilesSkipped',
  filesParked: 'FilesParked',
  /** Types, sequences and `*` that an operator has paused. */
  pausedScopes: 'PausedScopes',
  /** Sweeps that came to their end. */
  sweeps: 'SweepsCompleted',
} as const;

export const DISPATCH_METRIC_DIMENSION = 'Dispatcher';
export const DISPATCH_TYPE_DIMENSION = 'Type';
