import {
  DescribeTasksCommand,
  paginateListTasks,
  type ContainerOverride,
  type DesiredStatus,
  type Task,
} from '@aws-sdk/client-ecs';
import { JobEnv } from '../../../src/contract/job-env';
import { rerunOf, runTask, type JobSchedule } from '../schedules';
import type { Clients } from '../support/clients';
import { failedContainer, reasonOf } from '../tasks';
import type { FailedItem } from './failed-item';
import { oneByOne } from './paced';
import { scanPages, type RerunSource } from './source';

/** A task of a job without supervision that failed. */
interface FailedTask extends FailedItem {
  readonly containerOverrides: ContainerOverride[];
}

/** What `DescribeTasks` accepts. */
const PAGE_SIZE = 100;

/**
 * The tasks that a schedule started and that failed. ECS keeps a stopped task for an hour.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
 */
export const failedTasks = (clients: Clients, { name, target }: JobSchedule): RerunSource<FailedTask> => ({
  name,
  kind: 'tasks',
  scan: (options, handle) => scanPages(pagesOf(clients, target), options, handle),
  rerun: (items) => oneByOne(items, ({ id, containerOverrides }) => runTask(clients, target, containerOverrides, id)),
});

async function* pagesOf(clients: Clients, target: JobSchedule['target']): AsyncGenerator<FailedTask[]> {
  const ranAgain = new Set<string>();
  for await (const tasks of tasksOf(clients, target, 'RUNNING')) {
    tasks.forEach(({ startedBy = '' }) => ranAgain.add(startedBy));
  }
  const stopped: FailedTask[] = [];
  for await (const tasks of tasksOf(clients, target, 'STOPPED')) {
    tasks.forEach(({ startedBy = '' }) => ranAgain.add(startedBy));
    stopped.push(...tasks.filter(hasFailed).map(itemOf));
  }
  yield stopped.filter(({ id }) => !ranAgain.has(rerunOf(id)));
}

async function* tasksOf(
  clients: Clients,
  { Arn: cluster, EcsParameters: of }: JobSchedule['target'],
  desiredStatus: DesiredStatus,
): AsyncGenerator<Task[]> {
  const family = /task-definition\/([^:]+)/.exec(of?.TaskDefinitionArn ?? '')?.[1];
  for await (const { taskArns: arns = [] } of paginateListTasks(
    { client: clients.ecs, pageSize: PAGE_SIZE },
    { cluster, family, desiredStatus },
  )) {
    if (arns.length > 0) {
      const { tasks = [] } = await clients.ecs.send(new DescribeTasksCommand({ cluster, tasks: arns }));
      yield tasks;
    }
  }
}

const hasFailed = ({ lastStatus, stopCode, containers = [] }: Task) =>
  lastStatus === 'STOPPED' &&
  (stopCode === 'TaskFailedToStart' || stopCode === 'SpotInterruption' || containers.some(failedContainer));

function itemOf(task: Task): FailedTask {
  const { taskArn = '', stoppedAt, stoppingAt, overrides } = task;
  const { containerOverrides = [] } = overrides ?? {};
  const variables = containerOverrides.flatMap(({ environment = [] }) => environment);
  return {
    id: taskArn.slice(taskArn.lastIndexOf('/') + 1),
    failedAt: stoppedAt ?? stoppingAt ?? new Date(0),
    reason: reasonOf(task),
    body: variables.find(({ name }) => name === JobEnv.input)?.value ?? '',
    containerOverrides: containerOverrides.filter(
      ({ environment = [], command = [] }) => environment.length + command.length > 0,
    ),
  };
}
