import { type Fields, fields, text } from '../shared/json-fields';

/*
 * The fields of ECS events that alerts read. ECS may add fields at any time, and omits some.
 *
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
 */

interface Envelope<Type extends string, Detail> {
  readonly id: string;
  readonly 'detail-type': Type;
  readonly account: string;
  readonly region: string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Detail;
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
  /** Incremented with each change of the task; duplicates of an event have the same version. */
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

/** Reads the input of the function. @throws RangeError that names an invalid field */
export function readEcsEvent(input: unknown): EcsEvent {
  const event = fields(input, 'the event');
  const { region, 'detail-type': type } = event;
  if (typeof region !== 'string' || !/^[a-z0-9-]+$/.test(region)) {
    throw new RangeError('expected region to be the name of a region');
  }
  const detail = fields(event['detail'], 'detail');
  const envelope = {
    id: text(event['id'], 'id'),
    account: text(event['account'], 'account'),
    region,
    time: text(event['time'], 'time'),
    resources: list(event['resources'], 'resources').map((arn) => text(arn, 'a resource')),
  };
  if (type === 'ECS Task State Change') {
    return { ...envelope, 'detail-type': type, detail: readTask(detail) };
  }
  if (type !== 'ECS Service Action' && type !== 'ECS Deployment State Change') {
    throw new RangeError('expected detail-type to be one that the rule matches');
  }
  return {
    ...envelope,
    'detail-type': type,
    detail: { eventName: text(detail['eventName'], 'detail.eventName'), ...texts(detail, ['clusterArn', 'reason']) },
  };
}

function readTask(detail: Fields): TaskDetail {
  const { version } = detail;
  if (typeof version !== 'number') {
    throw new RangeError('expected detail.version to be a number');
  }
  const of = (name: string) => text(detail[name], `detail.${name}`);
  return {
    clusterArn: of('clusterArn'),
    taskArn: of('taskArn'),
    taskDefinitionArn: of('taskDefinitionArn'),
    lastStatus: of('lastStatus'),
    version,
    ...texts(detail, ['group', 'stopCode', 'stoppedReason', 'startedAt', 'stoppedAt']),
    containers: list(detail['containers'], 'detail.containers').map(readContainer),
  };
}

function readContainer(value: unknown): ContainerState {
  const container = fields(value, 'a container');
  const { name, exitCode } = container;
  return {
    name: text(name, 'the name of a container'),
    ...(typeof exitCode === 'number' && { exitCode }),
    ...texts(container, ['reason']),
  };
}

/**
 * The fields that are present: ECS omits those that do not apply. Lone surrogates are replaced, because they cannot be
 * URL-encoded.
 */
function texts<Name extends string>(from: Fields, names: readonly Name[]): Partial<Record<Name, string>> {
  const found = names.flatMap((name): [string, string][] => {
    const value = from[name];
    return typeof value === 'string' ? [[name, value.replace(/\p{Cs}/gu, '\ufffd')]] : [];
  });
  return Object.fromEntries(found) as Partial<Record<Name, string>>;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (value !== undefined && !Array.isArray(value)) {
    throw new RangeError(`expected ${name} to be an array`);
  }
  return value ?? [];
}
