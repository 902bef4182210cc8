import { RunTaskCommand, type ContainerOverride } from '@aws-sdk/client-ecs';
import { GetScheduleCommand, type Target } from '@aws-sdk/client-scheduler';
import type { Pipeline } from './pipeline';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';
import { startExecution } from './executions';

/** A schedule of EventBridge Scheduler, and what it starts. */
export interface JobSchedule {
  readonly name: string;
  readonly arn: string;
  readonly target: Target;
}

export async function describeSchedules(clients: Clients, pipeline: Pipeline): Promise<JobSchedule[]> {
  return eachOf(pipeline.ofType('AWS::Scheduler::Schedule', 'Schedule'), async ({ name, physicalId }) => {
    const { Arn: arn = '', Target: target } = await clients.scheduler.send(
      new GetScheduleCommand({ Name: physicalId }),
    );
    return { name, arn, target: target ?? { Arn: '', RoleArn: '' } };
  });
}

/** How the time of a run is named in its input. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/**
 * Starts a run as the schedule would have done at that time, with its current target.
 *
 * @param id names the run: AWS starts it once for an id
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
 */
export async function runAsScheduled(
  clients: Clients,
  { name, target }: JobSchedule,
  time: string,
  id: string,
): Promise<void> {
  const { Arn: arn = '', Input: given = '{}' } = target;
  const input = given.replaceAll(SCHEDULED_TIME, time);
  if (target.EcsParameters !== undefined) {
    const { containerOverrides = [] } = JSON.parse(input) as { containerOverrides?: ContainerOverride[] };
    await runTask(clients, target, containerOverrides, id);
  } else if (arn.split(':')[2] === 'states') {
    await startExecution(clients, arn, id, input);
  } else {
    throw new CliError(
      ExitCode.failed,
      `the schedule ${name} must start a task or a state machine to be run by this command, got: ${arn}; start its target yourself`,
    );
  }
}

/**
 * Starts a task as a schedule does, with other overrides. ECS starts one for an id within a day.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
 */
export async function runTask(
  clients: Clients,
  { Arn: cluster, EcsParameters: of }: Target,
  containerOverrides: ContainerOverride[],
  id: string,
): Promise<void> {
  const {
    awsvpcConfiguration: { Subnets: subnets = [], SecurityGroups: securityGroups, AssignPublicIp: assignPublicIp } = {},
  } = of?.NetworkConfiguration ?? {};
  const { failures = [] } = await clients.ecs.send(
    new RunTaskCommand({
      cluster,
      taskDefinition: of?.TaskDefinitionArn,
      capacityProviderStrategy: of?.CapacityProviderStrategy?.map(({ capacityProvider, weight, base }) => ({
        capacityProvider,
        weight,
        base,
      })),
      launchType: of?.LaunchType,
      platformVersion: of?.PlatformVersion,
      networkConfiguration: { awsvpcConfiguration: { subnets, securityGroups, assignPublicIp } },
      propagateTags: of?.PropagateTags,
      enableECSManagedTags: of?.EnableECSManagedTags,
      overrides: { containerOverrides },
      startedBy: rerunOf(id),
      clientToken: id,
    }),
  );
  const failure = failures.at(0);
  if (failure !== undefined) {
    throw new Error(`ECS did not start the task: ${failure.reason ?? 'no reason given'}`);
  }
}

/** `startedBy` of the task that runs another one again. */
export const rerunOf = (id: string): string => `fileworks-rerun/${id}`;
