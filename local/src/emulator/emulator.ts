import type { AccessKeys } from '../clients';
import type { ProcessClock } from '../clock';
import type {
  AlarmState,
  ApiCall,
  Authorization,
  AuthorizedCall,
  BuildMapEntry,
  Datum,
  Denial,
  Engines,
  Environment,
  QueueMetrics,
  StatementUse,
  TaskRecord,
} from '../types';

export interface EmulatorOptions {
  readonly port?: number;
  readonly region: string;
  readonly account: string;
  /** Its callers send the session token; it refuses others, and web pages. */
  readonly keys: AccessKeys;
  readonly toolsDir: string;
  readonly python: string;
  readonly logDir: string;
  /** Where the emulator finds its Docker engine, for example `unix:///run/docker.sock`. */
  readonly dockerHost: string;
  readonly authorization: Authorization;
  /** Where the sources of builds are. Default: nowhere. */
  readonly builds?: readonly BuildMapEntry[];
  readonly engines?: Engines;
  /** Default: `active`. */
  readonly queueMetrics?: QueueMetrics;
  /**
   * Milliseconds since 1970 at which its clock starts, how many times faster than real time it runs, and whether
   * processes follow it.
   */
  readonly clock: { readonly startedAt: number; readonly speed: number; readonly processes: ProcessClock };
  readonly observer: EmulatorObserver;
}

/** Receives the reports of a running emulator. An emulator without reports does not call it. */
export interface EmulatorObserver {
  line(line: string): void;
  task(task: TaskRecord): void;
  call(call: ApiCall): void;
  denial(denial: Denial): void;
  /** A program has deployed or deleted a stack. */
  stack(stack: ReportedStack): void;
  /** A call of an API that the emulator lacks, or a template to prepare; the local cloud answers it. */
  request(request: ServiceRequest): Promise<ServiceAnswer>;
  /** The emulator ended unexpectedly. */
  died(reason: string): void;
}

/** A stack as CloudFormation has it now. */
export interface ReportedStack extends Environment {
  readonly name: string;
  /** What its program sent; absent when the stack is deleted. */
  readonly deployed?: {
    readonly template: object;
    readonly parameters: Readonly<Record<string, string>>;
    readonly outputs: Readonly<Record<string, string>>;
    readonly exports: Readonly<Record<string, string>>;
    /** Physical ids by logical id. */
    readonly resources: Readonly<Record<string, string>>;
  };
}

/** What a statement of a deployed policy allowed, by the emulator's name of the policy. */
export interface UsedStatement extends Pick<StatementUse, 'index' | 'actions' | 'neededBy'> {
  readonly policy: string;
  /** Statement id; empty when the statement has none. */
  readonly sid: string;
}

export interface TemplateFindings {
  /** What AWS would refuse, and policies by which no call could be judged: one sentence for each. */
  readonly errors: readonly string[];
  /** What AWS accepts and what has no effect: actions and condition keys that do not exist. */
  readonly notes: readonly string[];
}

/** New data of metrics by minute since 1970, and the state of each alarm by its ARN. */
export interface MetricReport {
  readonly data: readonly (Environment &
    Datum & {
      readonly namespace: string;
      readonly name: string;
      readonly dimensions: Readonly<Record<string, string>>;
      readonly minute: number;
    })[];
  readonly alarms: Readonly<Partial<Record<string, { readonly state: AlarmState; readonly reason: string }>>>;
}

/** A call of an AWS API that speaks JSON. */
export interface ServiceRequest {
  /** Endpoint service, for example `application-autoscaling`. */
  readonly service: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly account: string;
  readonly region: string;
}

export interface ServiceAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An event of an AWS service for the default event bus. */
export interface ServiceEvent {
  readonly account: string;
  readonly region: string;
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** An error that the next `count` calls of an action on a resource receive, instead of their effect or after it. */
export interface PlayedFailure {
  /** As in IAM policies, for example `s3:PutObject`. */
  readonly action: string;
  /** ARN; `*` and `?` are wildcards. */
  readonly resource: string;
  /** The error code; `ConnectionClosed` ends the connection without an answer. */
  readonly error: string;
  /** HTTP status. */
  readonly status: number;
  readonly message: string;
  readonly count: number;
  readonly afterEffect: boolean;
  /** Number of an outage: all calls fail until it ends. */
  readonly outage?: number;
}

export interface TemplateToCheck extends Environment {
  /** Name of the stack. */
  readonly stack: string;
  readonly template: object;
  readonly parameters: Readonly<Record<string, string>>;
}

/** An endpoint that answers AWS API calls: ministack, another emulator or a real account. */
export interface Emulator {
  /** URL of the endpoint; known after `start`. */
  readonly endpoint: string;
  /** CloudFormation types that it supports; undefined when they are unknown. Known after `start`. */
  readonly resourceTypes?: ReadonlySet<string>;
  start(): Promise<void>;
  /** Stops it and waits for its end; may be called again. */
  stop(): Promise<void>;
  /** Puts an event of an AWS service on the default bus; PutEvents refuses the sources of AWS. */
  putServiceEvent(event: ServiceEvent): Promise<void>;
  /** Refuses to place the next `count` tasks, as ECS does when Fargate has no capacity. */
  refusePlacements(count: number): Promise<void>;
  /**
   * Repeats deliveries of the event bus with this probability, each after a random time of at most `delaySeconds`;
   * 0 and 0 end it.
   */
  disturbDeliveries(repeat: number, delaySeconds: number): Promise<void>;
  /** The statements of deployed policies that allowed calls since the start. */
  usedStatements(): Promise<readonly UsedStatement[]>;
  /** An allowed call of each kind since the start. */
  authorizedCalls(): Promise<readonly AuthorizedCall[]>;
  /** Whether the policies of now would allow each of these calls. */
  judgeCalls(calls: readonly AuthorizedCall[]): Promise<readonly boolean[]>;
  /** From now on a change of the policies of a role or user takes effect after `seconds`. */
  delayPolicies(seconds: number): Promise<void>;
  /** Fails the next calls of an action. */
  failNext(failure: PlayedFailure): Promise<void>;
  /** Ends the failure of all calls that has this number. */
  endOutage(outage: number): Promise<void>;
  /** Reads a template before anything of it is created; absent when the emulator checks nothing. */
  checkTemplate?(template: TemplateToCheck): Promise<TemplateFindings>;
  /** Moves its clock forward, and runs what is due by then. */
  advanceClock(seconds: number): Promise<void>;
  /** What is new about metrics since the last report; queues are sampled now, as of `minute` since 1970. */
  reportMetrics(minute: number): Promise<MetricReport>;
  /** Stops a task as an interruption of its Spot capacity does. */
  interruptSpot(clusterArn: string, taskArn: string): Promise<void>;
}
