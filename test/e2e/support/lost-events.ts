import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  type Rule,
} from '@aws-sdk/client-eventbridge';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  type GetScheduleOutput,
  ListSchedulesCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';
import { until } from './deployment';

/** The call that EventBridge and EventBridge Scheduler make, by the service of the target. */
const CALLS: Readonly<Partial<Record<string, string>>> = {
  codebuild: 'codebuild:StartBuild',
  ecs: 'ecs:RunTask',
  events: 'events:PutEvents',
  lambda: 'lambda:InvokeFunction',
  sns: 'sns:Publish',
  sqs: 'sqs:SendMessage',
  states: 'states:StartExecution',
};
const SOURCE = 'test.lost-events';
const MAX_SCHEDULE_NAME = 64;
const REASON = 'the target refuses an event of the test';

/** A target with a dead-letter queue, and how to have it called once. */
interface Watched {
  /** ARN of the rule or schedule. */
  readonly of: string;
  readonly target: string;
  readonly deadLetterQueue: string;
  /** Resolves with what makes the rule or schedule as it was. */
  call(): Promise<() => Promise<unknown>>;
}

/**
 * Has each target of a rule or a schedule that has a dead-letter queue refuse one event, which must arrive there.
 * Returns the logical ids of the rules and schedules, without hashes, in order.
 *
 * Meanwhile a rule matches events of the test only, and a schedule has a copy; both are as deployed afterwards. Rules
 * with a schedule are disabled, because their functions may handle dead-letter messages again. Call it when the
 * deployment has nothing to do.
 */
export async function loseAnEventOfEach(cloud: LocalCloud): Promise<string[]> {
  const events = new EventBridgeClient(cloud.clientConfig());
  const scheduler = new SchedulerClient(cloud.clientConfig());
  const sqs = new SQSClient(cloud.clientConfig());
  const resume = await stopClocks(events);
  try {
    const watched = [...(await targetsOfRules(events)), ...(await targetsOfSchedules(scheduler))];
    for (const one of watched) {
      const action = CALLS[one.target.split(':')[2]] ?? 'none:None';
      // The resource of RunTask is a task definition, not the cluster
      const resource = action === 'ecs:RunTask' ? '*' : one.target;
      await cloud.faults.failNext({ action, resource, error: 'AccessDeniedException', message: REASON });
      const restore = await one.call();
      await until(`the event of ${one.of} in its dead-letter queue`, 30, () => received(sqs, one));
      await restore();
    }
    return [...new Set(watched.map(({ of }) => logicalId(cloud, of)))].sort();
  } finally {
    await resume();
    [events, scheduler, sqs].forEach((client) => client.destroy());
  }
}

async function rulesOf(events: EventBridgeClient): Promise<Rule[]> {
  const { EventBuses: buses = [] } = await events.send(new ListEventBusesCommand({}));
  const rules = await Promise.all(
    buses.map(async ({ Name }) => (await events.send(new ListRulesCommand({ EventBusName: Name }))).Rules ?? []),
  );
  return rules.flat();
}

/** Disables the rules with a schedule; returns what enables them again. */
async function stopClocks(events: EventBridgeClient): Promise<() => Promise<unknown>> {
  const clocks = (await rulesOf(events)).filter(({ ScheduleExpression: schedule }) => schedule !== undefined);
  const names = clocks.map(({ Name, EventBusName }) => ({ Name, EventBusName }));
  await Promise.all(names.map((name) => events.send(new DisableRuleCommand(name))));
  return () => Promise.all(names.map((name) => events.send(new EnableRuleCommand(name))));
}

async function targetsOfRules(events: EventBridgeClient): Promise<Watched[]> {
  const found = await Promise.all(
    (await rulesOf(events)).map(async (rule) => {
      const { Name: Rule, EventBusName } = rule;
      const { Targets: targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule, EventBusName }));
      return targets.flatMap(({ Arn: target = '', DeadLetterConfig: { Arn: deadLetterQueue } = {} }) =>
        deadLetterQueue === undefined
          ? []
          : [{ of: rule.Arn!, target, deadLetterQueue, call: () => callOfRule(events, rule) }],
      );
    }),
  );
  return found.flat();
}

/** Most rules match events of AWS, which only AWS can put: for a moment, the rule matches one of the test. */
async function callOfRule(events: EventBridgeClient, rule: Rule): ReturnType<Watched['call']> {
  const { Name, EventBusName, EventPattern, ScheduleExpression, State } = rule;
  const put = (matches: Partial<Rule>) => events.send(new PutRuleCommand({ Name, EventBusName, ...matches }));
  await put({ EventPattern: JSON.stringify({ source: [SOURCE] }), State: 'ENABLED' });
  const event = { EventBusName, Source: SOURCE, DetailType: 'Lost', Detail: '{}' };
  await events.send(new PutEventsCommand({ Entries: [event] }));
  return () => put({ EventPattern, ScheduleExpression, State });
}

async function targetsOfSchedules(scheduler: SchedulerClient): Promise<Watched[]> {
  const { Schedules: schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
  const found = await Promise.all(
    schedules.map(async ({ Name, GroupName }) => {
      const schedule = await scheduler.send(new GetScheduleCommand({ Name, GroupName }));
      const { Arn: target = '', DeadLetterConfig: { Arn: deadLetterQueue } = {} } = schedule.Target ?? {};
      return deadLetterQueue === undefined
        ? []
        : [{ of: schedule.Arn!, target, deadLetterQueue, call: () => callOfCopy(scheduler, schedule) }];
    }),
  );
  return found.flat();
}

/** A copy that is due now, with the same target and in the same group, which is the source that AWS names to IAM. */
async function callOfCopy(scheduler: SchedulerClient, schedule: GetScheduleOutput): ReturnType<Watched['call']> {
  const copy = { Name: nameOfCopy(schedule.Name!), GroupName: schedule.GroupName };
  await scheduler.send(
    new CreateScheduleCommand({
      ...copy,
      Target: schedule.Target,
      ScheduleExpression: 'at(2020-01-01T00:00:00)',
      FlexibleTimeWindow: { Mode: 'OFF' },
    }),
  );
  return () => scheduler.send(new DeleteScheduleCommand(copy));
}

const nameOfCopy = (name: string) => `lost-${name}`.slice(0, MAX_SCHEDULE_NAME);

/** Deletes the message of the event in the dead-letter queue; undefined while there is none. */
async function received(sqs: SQSClient, { of, target, deadLetterQueue }: Watched): Promise<true | undefined> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: deadLetterQueue.split(':').at(-1) }));
  const { Messages: messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 1,
      MessageAttributeNames: ['All'],
    }),
  );
  const has = (name: string, value: string) => (message: Message) =>
    message.MessageAttributes?.[name]?.StringValue === value;
  const lost = messages
    .filter(has('ERROR_MESSAGE', REASON))
    .find(
      of.includes(':schedule/')
        ? has('SCHEDULE_ARN', of.replace(/[^/]+$/, nameOfCopy))
        : (message) => has('RULE_ARN', of)(message) && has('TARGET_ARN', target)(message),
    );
  if (lost !== undefined) {
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: lost.ReceiptHandle }));
    return true;
  }
  return undefined;
}

/** The logical id of a rule or schedule without the hash of the CDK. */
function logicalId(cloud: LocalCloud, arn: string): string {
  const name = arn.split('/').at(-1);
  const ids = cloud.stacks().flatMap((stack) => Object.entries(cloud.resources(stack)));
  const id = ids.find(([, physical]) => physical === name || physical === arn)?.[0] ?? arn;
  return id.replace(/[0-9A-F]{8}$/, '');
}
