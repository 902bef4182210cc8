import { DescribeTaskDefinitionCommand, type ContainerDefinition, type ECSClient } from '@aws-sdk/client-ecs';
import { consoleOf, logPage, taskPage } from '../../contract/console-links';
import { log } from '../shared/log';
import type { Alert, AlertedTask } from './classify';
import type { HeldAlert } from './held-alert';

export interface Link {
  readonly name: string;
  readonly url: string;
}

/** Links for an alert: the task or service, the log of each container, the runbook. */
export async function findLinks(ecs: ECSClient, alert: Alert, runbookUrl: string | undefined): Promise<Link[]> {
  const { region, task } = alert;
  return [
    { name: task ? 'Task' : 'Service', url: placeOf({ ...alert, task: task?.id ?? '' }) },
    ...(task ? await findLogs(ecs, task, region) : []),
    ...(runbookUrl === undefined ? [] : [{ name: 'Runbook', url: runbookUrl }]),
  ];
}

/** The page of a task in the console, or that of a service. */
export function placeOf({
  cluster,
  group,
  region,
  task,
}: Pick<HeldAlert, 'cluster' | 'group' | 'region' | 'task'>): string {
  return task === ''
    ? `${consoleOf(region)}/ecs/v2/clusters/${encodeURIComponent(cluster)}/services/${encodeURIComponent(group)}?region=${region}`
    : taskPage(region, cluster, task);
}

/** Best effort: an alert without a link is better than none. */
async function findLogs(ecs: ECSClient, task: AlertedTask, region: string): Promise<Link[]> {
  try {
    const { taskDefinition } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: task.definitionArn }),
    );
    const containers = taskDefinition?.containerDefinitions ?? [];
    const wanted = containers.filter(({ name = '' }) => task.failed.length === 0 || task.failed.includes(name));
    return wanted.flatMap((container) => logOf(container, task, region));
  } catch (error) {
    log('WARN', 'alert without links to logs: the task definition could not be read', {
      taskDefinition: task.definitionArn,
      error: String(error),
    });
    return [];
  }
}

function logOf({ name, logConfiguration }: ContainerDefinition, task: AlertedTask, region: string): Link[] {
  const options: Partial<Record<string, string>> = logConfiguration?.options ?? {};
  const { 'awslogs-group': group, 'awslogs-stream-prefix': prefix } = options;
  if (name === undefined || group === undefined || prefix === undefined) {
    return [];
  }
  const stream = `${prefix}/${name}/${task.id}`;
  return [
    {
      name: `Log of ${name}`,
      url: logPage(region, group, stream),
    },
  ];
}
