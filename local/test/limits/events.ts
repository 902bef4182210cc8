import { PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateScheduleCommand } from '@aws-sdk/client-scheduler';
import type { CallRow, TemplateRow } from './row';

const GUIDE = 'https://docs.aws.amazon.com/eventbridge/latest/userguide';
const API = 'https://docs.aws.amazon.com/eventbridge/latest/APIReference';
const WILDCARD = { source: ['app'], detail: { key: [{ wildcard: 'in/*.csv' }] } };

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:queue';
const ROLE = 'arn:aws:iam::000000000000:role/role';

const targets = <Arn>(count: number, arn: Arn) =>
  Array.from({ length: count }, (_, index) => ({ Id: `t${index}`, Arn: arn }));
const entry = (detail: string) => ({ Source: 'app', DetailType: 'type', Detail: detail });

export const calls: CallRow[] = [
  {
    service: 'EventBridge',
    limit: 'Targets of a rule: 5',
    page: `${GUIDE}/eb-quota.html`,
    call: 'PutTargets with 6',
    error: 'LimitExceededException',
    status: 400,
    send: async ({ events }) => {
      const rule = 'six-targets';
      await events.send(new PutRuleCommand({ Name: rule, EventPattern: '{"source":["app"]}' }));
      await events.send(new PutTargetsCommand({ Rule: rule, Targets: targets(6, QUEUE) }));
    },
  },
  {
    service: 'EventBridge',
    limit: 'Rules of a bus with wildcards: 30',
    page: `${GUIDE}/eb-quota.html`,
    call: 'PutRule of the 31st',
    error: 'LimitExceededException',
    status: 400,
    send: async ({ events }) => {
      for (let index = 0; index < 31; index++) {
        await events.send(new PutRuleCommand({ Name: `wildcard-${index}`, EventPattern: JSON.stringify(WILDCARD) }));
      }
    },
  },
  {
    service: 'EventBridge',
    limit: 'Size of an event pattern: 2,048 characters',
    page: `${GUIDE}/eb-quota.html`,
    call: 'PutRule with 2,100',
    error: 'LimitExceededException',
    status: 400,
    send: ({ events }) =>
      events.send(new PutRuleCommand({ Name: 'long', EventPattern: `{"source":["${'a'.repeat(2_100)}"]}` })),
  },
  {
    service: 'EventBridge',
    limit: 'Event pattern: known operators',
    page: `${GUIDE}/eb-create-pattern-operators.html`,
    call: 'PutRule with the operator `starts`',
    error: 'InvalidEventPatternException',
    status: 400,
    send: ({ events }) =>
      events.send(new PutRuleCommand({ Name: 'operator', EventPattern: '{"source":[{"starts":"a"}]}' })),
  },
  {
    service: 'EventBridge',
    limit: 'Name of a rule: 64 characters',
    page: `${API}/API_PutRule.html`,
    call: 'PutRule with 65',
    error: 'ValidationException',
    status: 400,
    send: ({ events }) => events.send(new PutRuleCommand({ Name: 'n'.repeat(65), EventPattern: '{"source":["app"]}' })),
  },
  {
    service: 'EventBridge',
    limit: 'Schedule of a rule: cron or rate',
    page: `${GUIDE}/eb-scheduled-rule-pattern.html`,
    call: 'PutRule with `rate(5 minute)`',
    error: 'ValidationException',
    status: 400,
    send: ({ events }) => events.send(new PutRuleCommand({ Name: 'rate', ScheduleExpression: 'rate(5 minute)' })),
  },
  {
    service: 'EventBridge',
    limit: 'Size of the entries of a call: 1 MB',
    page: `${API}/API_PutEvents.html`,
    call: 'PutEvents with 1,048,576 bytes',
    error: 'ValidationException',
    status: 400,
    send: ({ events }) =>
      events.send(new PutEventsCommand({ Entries: [entry(JSON.stringify({ text: 'd'.repeat(1_048_576) }))] })),
  },
  {
    service: 'EventBridge',
    limit: 'Entries of a call: 10',
    page: `${API}/API_PutEvents.html`,
    call: 'PutEvents with 11',
    error: 'ValidationException',
    status: 400,
    send: ({ events }) => events.send(new PutEventsCommand({ Entries: Array.from({ length: 11 }, () => entry('{}')) })),
  },
  {
    service: 'EventBridge',
    limit: 'Retries of a target: 185',
    page: `${API}/API_RetryPolicy.html`,
    call: 'PutTargets with MaximumRetryAttempts 186',
    error: 'ValidationException',
    status: 400,
    send: async ({ events }) => {
      await events.send(new PutRuleCommand({ Name: 'retries', EventPattern: '{"source":["app"]}' }));
      const target = { Id: 't', Arn: QUEUE };
      await events.send(
        new PutTargetsCommand({
          Rule: 'retries',
          Targets: [{ ...target, RetryPolicy: { MaximumRetryAttempts: 186, MaximumEventAgeInSeconds: 60 } }],
        }),
      );
    },
  },
  ...['rate(0 minutes)', 'cron(0 12 * * *)', 'at(tomorrow)'].map((expression): CallRow => ({
    service: 'Scheduler',
    limit: 'Schedule: at, cron or rate',
    page: 'https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html',
    call: `CreateSchedule with \`${expression}\``,
    error: 'ValidationException',
    status: 400,
    send: ({ scheduler }) =>
      scheduler.send(
        new CreateScheduleCommand({
          Name: 'broken',
          ScheduleExpression: expression,
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: QUEUE, RoleArn: ROLE },
        }),
      ),
  })),
  {
    service: 'Scheduler',
    limit: 'Name of a schedule: 64 characters of a set',
    page: 'https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html',
    call: 'CreateSchedule with a space in its name',
    error: 'ValidationException',
    status: 400,
    send: ({ scheduler }) =>
      scheduler.send(
        new CreateScheduleCommand({
          Name: 'a b',
          ScheduleExpression: 'rate(5 minutes)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: QUEUE, RoleArn: ROLE },
        }),
      ),
  },
];

const rule = (properties: Record<string, unknown>) => ({ Type: 'AWS::Events::Rule', Properties: properties });

export const templates: TemplateRow[] = [
  {
    service: 'EventBridge',
    limit: 'Targets of a rule: 5',
    page: `${GUIDE}/eb-quota.html`,
    template: 'a rule with 6',
    error: 'LimitExceededException',
    resources: {
      Queue: { Type: 'AWS::SQS::Queue' },
      Rule: rule({ EventPattern: { source: ['app'] }, Targets: targets(6, { 'Fn::GetAtt': ['Queue', 'Arn'] }) }),
    },
  },
  {
    service: 'EventBridge',
    limit: 'Rules of a bus with wildcards: 30',
    page: `${GUIDE}/eb-quota.html`,
    template: '31 rules with wildcards',
    error: 'LimitExceededException',
    resources: Object.fromEntries(
      Array.from({ length: 31 }, (_, index) => [`Rule${index}`, rule({ EventPattern: WILDCARD })]),
    ),
  },
  {
    service: 'EventBridge',
    limit: 'Size of an event pattern: 2,048 characters',
    page: `${GUIDE}/eb-quota.html`,
    template: 'a rule with 2,100',
    error: 'LimitExceededException',
    resources: { Rule: rule({ EventPattern: { source: ['a'.repeat(2_100)] } }) },
  },
  {
    service: 'EventBridge',
    limit: 'Schedule of a rule: cron or rate',
    page: `${GUIDE}/eb-scheduled-rule-pattern.html`,
    template: 'a rule with `cron(* * * * *)`',
    error: 'ValidationException',
    resources: { Rule: rule({ ScheduleExpression: 'cron(* * * * *)' }) },
  },
  {
    service: 'Scheduler',
    limit: 'Schedule: at, cron or rate',
    page: 'https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html',
    template: 'a schedule with `every hour`',
    error: 'ValidationException',
    resources: {
      Schedule: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'every hour',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: QUEUE, RoleArn: ROLE },
        },
      },
    },
  },
];
