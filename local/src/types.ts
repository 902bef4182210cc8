export interface Environment {
  readonly account: string;
  readonly region: string;
}

/** Pass it to the constructor of any AWS SDK v3 client. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  /**
   * The access key is the account. Each start makes a new secret and a new token, without which nothing is answered.
   */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  /** S3 only: the emulator has one host name. */
  readonly forcePathStyle: true;
}

/** A task as DescribeTasks and its state change events show it. Times are ISO 8601. */
export interface TaskRecord {
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  /** `service:<name>` for tasks of services, `family:<name>` otherwise. */
  readonly group?: string;
  readonly startedBy?: string;
  readonly launchType?: string;
  readonly capacityProviderName?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly version: number;
  readonly createdAt?: string;
  readonly startedAt?: string;
  readonly stoppingAt?: string;
  readonly stoppedAt?: string;
  readonly containers: readonly ContainerRecord[];
  readonly [other: string]: unknown;
}

export interface ContainerRecord {
  readonly name: string;
  readonly lastStatus: string;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly [other: string]: unknown;
}

/** A task, and its processes on this machine. */
export interface LocalTask extends TaskRecord {
  /** ARN of the task role; absent when the task has none. */
  readonly role?: string;
  readonly processes: readonly LocalProcess[];
}

export interface LocalProcess {
  readonly container: string;
  /** Process id, which is also the id of its process group; absent before it starts. */
  readonly pid?: number;
  /** File with its stdout and stderr. */
  readonly log: string;
}

/** Where the source of builds is on this machine: both given fields must match; `*` matches any characters. */
export interface BuildMapEntry {
  /** Name of the CodeBuild project. */
  readonly project?: string;
  /** Location of its source, for example `https://github.com/acme/shop.git`. */
  readonly source?: string;
  /** Folder with the source; relative to the file. Default: the source is that of the project, in S3. */
  readonly cwd?: string;
  /** Variables of the build image; those of the build win. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Real engines that stand in for parts of the emulator. */
export interface Engines {
  /**
   * URL of an engine of DynamoDB on this machine, such as DynamoDB Local: it has the items, transactions and streams of
   * all tables. Default: the emulator's own.
   *
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.html
   */
  readonly dynamodb?: string;
}

/**
 * The metrics that a queue sends without messages. `active`, as AWS documents it: messages in flight and delayed ones
 * only while there are any, and nothing after six hours without messages and calls. `always`: zeros, each minute.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
export type QueueMetrics = 'active' | 'always';

/** What happens to a call that AWS would deny. */
export type Authorization = 'enforce' | 'audit' | 'off';

/** One AWS API call that the emulator answered. */
export interface ApiCall {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Endpoint service, for example `sqs`. */
  readonly service: string;
  /** IAM action, for example `sqs:SendMessage`; the service's name alone where no action is known. */
  readonly action: string;
  /** ARN of the resource, or `*`. */
  readonly resource: string;
  /** Condition keys of IAM, besides the global ones, for example `ecs:cluster`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** ARN of the role that the caller assumed; absent for calls by tools and tests. */
  readonly role?: string;
  /** Session of that role: the task id, or the function name. */
  readonly session?: string;
  /** The AWS service that makes the call for the app, with `role` or as itself, for example `events.amazonaws.com`. */
  readonly by?: string;
  /** Why the call is not allowed, in one sentence; absent when it is. */
  readonly denied?: string;
  readonly region: string;
  /** HTTP status of the answer. */
  readonly status: number;
}

/** A permission that the app lacks: one for each principal, action and resource, however many calls needed it. */
export interface Denial {
  /** ARN of the session of a role, or an AWS service, for example `sns.amazonaws.com`. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** Which statement is missing, or denies. */
  readonly reason: string;
}

/** A call as it was judged: the policies of another deployment can judge it again. */
export interface AuthorizedCall extends Pick<Denial, 'principal' | 'action' | 'resource'> {
  /** Account of the principal. */
  readonly account: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** An Allow statement of a deployed policy, and what it was for. */
export interface StatementUse {
  readonly stack: string;
  /** The resource of the template that holds the statement. */
  readonly logicalId: string;
  /** Place of the statement in its policy, from 0. */
  readonly index: number;
  readonly statement: Readonly<Record<string, unknown>>;
  /** Actions of the calls that it allowed since the start. */
  readonly actions: readonly string[];
  /** A call that would have been denied without the statement; absent when there was none since the start. */
  readonly neededBy?: Pick<Denial, 'principal' | 'action' | 'resource'>;
}

export interface TaskEvent {
  readonly task: TaskRecord;
}

export interface OutputEvent {
  readonly taskArn: string;
  readonly container: string;
  readonly line: string;
}

export interface LocalCloudEvents {
  /** A state change of a task. */
  task: [TaskEvent];
  /** A line that a task wrote. */
  output: [OutputEvent];
  /** A transition of a CloudWatch alarm. */
  alarm: [AlarmTransition];
  /** A change of a service's desired count by a scaling policy. */
  scaling: [ScalingActivity];
  /** A permission that the app lacks, once for each. */
  denial: [Denial];
  /** A line of progress. */
  line: [string];
  /** The emulator ended unexpectedly; everything else is being stopped. */
  end: [];
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export interface AlarmTransition {
  readonly alarm: string;
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** End of the decisive period, milliseconds since 1970 on the cloud's own clock. */
  readonly at: number;
  readonly reason: string;
}

export interface AlarmView {
  /** Physical name of the alarm. */
  readonly name: string;
  readonly stack: string;
  readonly logicalId: string;
  readonly state: AlarmState;
  readonly transitions: readonly AlarmTransition[];
}

export interface ScalingActivity {
  /** `service/<cluster>/<service>`. */
  readonly resourceId: string;
  readonly policy: string;
  readonly from: number;
  readonly to: number;
  /** Milliseconds since 1970 on the cloud's own clock. */
  readonly at: number;
  readonly cause: string;
}

export interface ScalableTargetView {
  readonly resourceId: string;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  readonly activities: readonly ScalingActivity[];
}

/** Equal values of a metric, or a set of values of which only these statistics are known. */
export interface Datum {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}
