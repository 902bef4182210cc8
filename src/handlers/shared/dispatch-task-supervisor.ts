import { ECSClient } from '@aws-sdk/client-ecs';
import { SFNClient } from '@aws-sdk/client-sfn';
import {
  DispatchFunctionEnv,
  type DispatchLaunch,
  DispatchMetrics,
  type DispatchQueue,
  type DispatchStateMachine,
  type DispatchTargets,
} from '../../contract/dispatch-config';
import { DispatchStateEnv } from '../../contract/dispatch-env';
import { TaskSupervisor } from '../../runtime/dispatch/task-supervisor';
import { createParts, type DispatchParts } from './dispatch-parts';
import { EcsTaskHost } from './ecs-task-host';
import { variable } from './environment';
import { log } from './log';
import { putMetrics } from './dispatch-metrics';
import { QueueHost } from './queue-host';
import { StateMachineHost } from './state-machine-host';
import { TargetHosts } from './target-hosts';

/** Components of a function that launches and checks tasks. */
export function createTaskSupervisor(): DispatchParts & { readonly supervisor: TaskSupervisor } {
  const parts = createParts();
  const host = createHosts(parts);
  const onRefused = ({ id, type }: { id: string; type: string }, reason: string) => {
    log('WARN', 'launch refused', { fileId: id, type, reason });
    putMetrics({ [DispatchMetrics.launchesRefused]: 1 });
    putMetrics({ [DispatchMetrics.launchesRefused]: 1 }, type);
  };
  return { ...parts, supervisor: new TaskSupervisor({ ...parts, host, onRefused }) };
}

function createHosts({ sqs }: DispatchParts): TargetHosts {
  const targets = Object.entries(JSON.parse(variable(DispatchFunctionEnv.launches)) as DispatchTargets);
  const queues = ofKind(targets, (target): target is DispatchQueue => 'queueUrl' in target);
  const stateMachines = ofKind(targets, (target): target is DispatchStateMachine => 'stateMachineArn' in target);
  const launches = ofKind(targets, (target): target is DispatchLaunch => 'taskDefinition' in target);
  const tasks = new EcsTaskHost({
    client: new ECSClient(),
    launches,
    startedBy: variable(DispatchFunctionEnv.startedBy),
    environment: stateEnvironment(),
  });
  const executions = new StateMachineHost({
    client: new SFNClient(),
    stateMachines,
    executionPrefix: variable(DispatchFunctionEnv.executionPrefix),
  });
  return new TargetHosts([
    { host: tasks, types: typesOf(launches), workers: /^arn:[^:]+:ecs:.*:task\// },
    { host: executions, types: typesOf(stateMachines), workers: /^arn:[^:]+:states:.*:execution:/ },
    { host: new QueueHost({ client: sqs, queues }), types: typesOf(queues), workers: /^(?!arn:)/ },
  ]);
}

/** Environment variables with the location of the rows, also for the containers. */
function stateEnvironment(): Record<string, string> {
  const { tableName, database, retentionSeconds, wakeQueueUrl } = DispatchStateEnv;
  const names =
    process.env[database] === undefined ? [tableName, retentionSeconds] : [database, retentionSeconds, wakeQueueUrl];
  return Object.fromEntries(names.map((name) => [name, variable(name)]));
}

type Target = DispatchTargets[string];

const ofKind = <Kind extends Target>(
  targets: readonly [string, Target][],
  isOfKind: (target: Target) => target is Kind,
): Readonly<Record<string, Kind>> =>
  Object.fromEntries(targets.flatMap(([type, target]) => (isOfKind(target) ? [[type, target] as const] : [])));
const typesOf = (targets: Readonly<Record<string, unknown>>): ReadonlySet<string> => new Set(Object.keys(targets));
