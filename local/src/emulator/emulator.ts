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
  /** The emulator ended although nobody stopped it. */
  died(reason: string): void;
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
  /** Delivers events of the bus again with this probability, each after a random time of at most `delaySeconds`; 0 and 0 end it. */
  disturbDeliveries(repeat: number, delaySeconds: number): Promise<void>;
  /** Stops a task as the interruption of its Spot capacity would. */
  interruptSpot(clusterArn: string, taskArn: string): Promise<void>;
}
