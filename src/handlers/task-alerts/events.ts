/*
 * The events of ECS, as far as alerts read them. ECS may add fields at any time, and leaves some out.
 *
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
 */

interface Envelope<Type extends string, Detail> {
  readonly 'id': string;
  readonly 'detail-type': Type;
  readonly 'account': string;
  readonly 'region': string;
  readonly 'time': string;
  readonly 'resources': readonly string[];
  readonly 'detail': Detail;
}

export interface ContainerState {
  readonly name: string;
  readonly exitCode?: number;
  readonly reason?: string;
}

export interface TaskDetail {
  readonly clusterArn: string;
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  /** `service:<name>` or `family:<name>`. */
  readonly group?: string;
  readonly lastStatus: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
  readonly containers?: readonly ContainerState[];
  /** Grows with each change of the task; an event that was sent twice has the same one. */
  readonly version: number;
}

export interface ServiceDetail {
  readonly eventName: string;
  readonly clusterArn?: string;
  readonly reason?: string;
}

export type TaskEvent = Envelope<'ECS Task State Change', TaskDetail>;
export type ServiceEvent = Envelope<'ECS Service Action' | 'ECS Deployment State Change', ServiceDetail>;
export type EcsEvent = TaskEvent | ServiceEvent;
