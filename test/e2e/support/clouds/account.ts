import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  DesiredStatus,
  ECSClient,
  paginateListTasks,
} from '@aws-sdk/client-ecs';
import type { AccountRun, Alarm, Cloud, Task } from './cloud';

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html */
const MAX_DESCRIBED_TASKS = 100;

interface DeployedStack {
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly StackResourceSummary[];
}

/** The stacks that `npm run integ` has deployed, by the APIs of AWS alone. */
export async function inAccount({ region, stacks: names }: AccountRun): Promise<Cloud> {
  const config = { region };
  const stacks = new Map<string, DeployedStack>();
  const cloudFormation = new CloudFormationClient(config);
  for (const name of names) {
    stacks.set(name, await describe(cloudFormation, name));
  }
  cloudFormation.destroy();
  const resourcesOf = (type: string) =>
    [...stacks.values()].flatMap(({ resources }) => resources.filter(({ ResourceType }) => ResourceType === type));
  const ecs = new ECSClient(config);
  const cloudWatch = new CloudWatchClient(config);
  const logs = new CloudWatchLogsClient(config);
  const found = (name: string): DeployedStack => {
    const stack = stacks.get(name);
    if (!stack) {
      throw new Error(`no stack ${name} is deployed; deployed are ${names.join(', ')}`);
    }
    return stack;
  };
  /** ECS forgets tasks that have stopped for more than an hour. */
  const known = new Map<string, Task>();

  return {
    clientConfig: () => config,
    outputs: (stack) => found(stack).outputs,
    resources: (stack) =>
      Object.fromEntries(
        found(stack).resources.map(({ LogicalResourceId: id = '', PhysicalResourceId: physical = '' }) => [
          id,
          physical,
        ]),
      ),
    tasks: async () => {
      for (const { PhysicalResourceId: cluster = '' } of resourcesOf('AWS::ECS::Cluster')) {
        for (const task of await tasksOf(ecs, cluster)) {
          known.set(task.taskArn, task);
        }
      }
      return [...known.values()];
    },
    log: (task) => logOf(ecs, logs, task),
    alarms: async () => {
      const alarms = resourcesOf('AWS::CloudWatch::Alarm');
      const AlarmNames = alarms.map(({ PhysicalResourceId: name = '' }) => name);
      const { MetricAlarms: metricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames }));
      return metricAlarms.map(({ AlarmName: name, StateValue: state = '' }): Alarm => ({
        logicalId: alarms.find(({ PhysicalResourceId: physical }) => physical === name)?.LogicalResourceId ?? '',
        state,
      }));
    },
    stop: () => {
      [ecs, cloudWatch, logs].forEach((client: { destroy(): void }) => client.destroy());
      return Promise.resolve();
    },
  };
}

async function describe(client: CloudFormationClient, StackName: string): Promise<DeployedStack> {
  const { Stacks: [{ Outputs: outputs = [] }] = [{}] } = await client.send(new DescribeStacksCommand({ StackName }));
  const resources: StackResourceSummary[] = [];
  for await (const { StackResourceSummaries: page = [] } of paginateListStackResources({ client }, { StackName })) {
    resources.push(...page);
  }
  return {
    outputs: Object.fromEntries(outputs.map(({ OutputKey: key = '', OutputValue: value = '' }) => [key, value])),
    resources,
  };
}

async function tasksOf(client: ECSClient, cluster: string): Promise<Task[]> {
  const arns: string[] = [];
  for (const desiredStatus of [DesiredStatus.STOPPED, DesiredStatus.RUNNING]) {
    for await (const { taskArns = [] } of paginateListTasks({ client }, { cluster, desiredStatus })) {
      arns.push(...taskArns);
    }
  }
  const found: Task[] = [];
  for (let from = 0; from < arns.length; from += MAX_DESCRIBED_TASKS) {
    const tasks = arns.slice(from, from + MAX_DESCRIBED_TASKS);
    const { tasks: described = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks }));
    found.push(...described.map((task) => ({ containers: [], ...task }) as Task));
  }
  return found;
}

/** The stream of a container is `<prefix>/<container>/<task id>`. */
async function logOf(ecs: ECSClient, client: CloudWatchLogsClient, task: Task): Promise<string> {
  const { taskDefinition: { containerDefinitions = [] } = {} } = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: task.taskDefinitionArn }),
  );
  const lines: string[] = [];
  for (const { name = '', logConfiguration: { options = {} } = {} } of containerDefinitions) {
    const { 'awslogs-group': logGroupName, 'awslogs-stream-prefix': prefix = '' } = options;
    const stream = `${prefix}/${name}/${task.taskArn.slice(task.taskArn.lastIndexOf('/') + 1)}`;
    const pages = paginateFilterLogEvents({ client }, { logGroupName, logStreamNames: [stream] });
    try {
      for await (const { events = [] } of pages) {
        lines.push(...events.map(({ message = '' }) => message));
      }
    } catch (error) {
      // A task that has not begun has no stream
      if ((error as Error).name !== 'ResourceNotFoundException') {
        throw error;
      }
    }
  }
  return lines.join('\n');
}
