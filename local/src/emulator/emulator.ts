import type { ApiCall, TaskRecord } from '../types';

export interface EmulatorOptions {
  readonly port?: number;
  readonly region: string;
  readonly account: string;
  readonly toolsDir: string;
  readonly python: string;
  readonly logDir: string;
  /** Where the emulator finds its Docker engine, for example `tcp://127.0.0.1:2375`. */
  readonly dockerHost: string;
  readonly observer: EmulatorObserver;
}

/** What an emulator tells while it runs. An emulator that cannot tell leaves the calls out. */
export interface EmulatorObserver {
  line(line: string): void;
  task(task: TaskRecord): void;
  call(call: ApiCall): void;
  /** A call of an API that the emulator lacks and this side answers. */
  request(request: ServiceRequest): Promise<ServiceAnswer>;
  /** The emulator ended although nobody stopped it. */
  died(reason: string): void;
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

/** Something that answers AWS API calls: ministack, or another emulator or a real account in its place. */
export interface Emulator {
  /** URL of the endpoint; known after `start`. */
  readonly endpoint: string;
  /** CloudFormation types that it can make; undefined when it cannot tell. Known after `start`. */
  readonly resourceTypes?: ReadonlySet<string>;
  start(): Promise<void>;
  /** Ends it and waits for its end; may be called again. */
  stop(): Promise<void>;
  /** Puts an event of an AWS service on the default bus; PutEvents refuses the sources of AWS. */
  putServiceEvent(event: ServiceEvent): Promise<void>;
  /** Refuses to place the next `count` tasks, as ECS does when Fargate has no capacity. */
  refusePlacements(count: number): Promise<void>;
  /**
   * Delivers events of the bus again with this probability, each after a random time of at most `delaySeconds`; 0 and 0
   * end it.
   */
  disturbDeliveries(repeat: number, delaySeconds: number): Promise<void>;
  /** Stops a task as the interruption of its Spot capacity would. */
  interruptSpot(clusterArn: string, taskArn: string): Promise<void>;
}
