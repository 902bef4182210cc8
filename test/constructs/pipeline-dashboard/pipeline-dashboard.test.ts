import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Alarm, ComparisonOperator, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import {
  ExportOrchestrator,
  FileIngestBucket,
  IngestTarget,
  JobSupervision,
  ObjectFargateTask,
  PipelineDashboard,
  PipelineStage,
  ScheduledFargateJob,
  TaskLifecycleAlerts,
  WakeUp,
} from '../../../src';
import { createTestApp, createWorker, image, resourceCount, synth, type TestApp } from '../../support/cdk-stacks';

interface Widget {
  readonly type: string;
  readonly width: number;
  readonly x: number;
  readonly y: number;
  readonly properties: Record<string, unknown>;
}

/** The widgets of the only page, with references as `<text>`. */
function widgetsOf(template: Template): Widget[] {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard')) as {
    Properties: { DashboardBody: { 'Fn::Join': [string, unknown[]] } };
  }[];
  const [, parts] = dashboard.Properties.DashboardBody['Fn::Join'];
  const body = parts
    .map((part) => (typeof part === 'string' ? part : `<${JSON.stringify(part).replaceAll('"', "'")}>`))
    .join('');
  return (JSON.parse(body) as { widgets: Widget[] }).widgets;
}

const titles = (widgets: Widget[]) =>
  widgets.map(({ type, properties }) =>
    type === 'text' ? String(properties.markdown).split('\n')[0] : String(properties.title),
  );

function createPipeline(test: TestApp): PipelineStage[] {
  const worker = createWorker(test, {
    wake: WakeUp.onArrival(),
    additionalQueues: { Express: {} },
    alarmNotStartingFor: Duration.minutes(10),
    alarmOldestMessageAge: Duration.hours(1),
    alarmSaturatedFor: Duration.hours(1),
  });
  const inbox = new FileIngestBucket(test.stack, 'Inbox');
  return [
    PipelineStage.ingest(inbox, [inbox.addRoute('Archives', { target: IngestTarget.worker(worker) })]),
    PipelineStage.worker(worker),
  ];
}

describe('PipelineDashboard', () => {
  const test = createTestApp();
  const page = new PipelineDashboard(test.stack, 'Page', { stages: createPipeline(test) });
  const template = synth(test);
  const widgets = widgetsOf(template);

  it('shows the alarms, then the stages in the order in which a file passes through them', () => {
    expect(titles(widgets)).toEqual([
      'Alarms',
      '## Inbox: files arrive',
      'Files by route',
      'Failed deliveries',
      'Undelivered events',
      '## Worker: jobs are queued and processed',
      'Backlog',
      'Jobs',
      'Duration of a job, milliseconds',
      'Utilization of the tasks, percent',
    ]);
  });

  it('fills each row of the page', () => {
    const rows = [...new Set(widgets.map(({ y }) => y))];
    const widths = rows.map((row) => widgets.filter(({ y }) => y === row).reduce((sum, { width }) => sum + width, 0));
    expect(widths).toEqual(rows.map(() => 24));
  });

  it('knows every alarm of its stages', () => {
    expect(page.alarms.map(({ node }) => node.path)).toEqual([
      'Pipeline/Inbox/DeadLetterAlarm',
      'Pipeline/Worker/DeadLetterAlarm',
      'Pipeline/Worker/Express/DeadLetterAlarm',
      'Pipeline/Worker/OldestMessageAlarm',
      'Pipeline/Worker/NotStartingAlarm',
      'Pipeline/Worker/SaturationAlarm',
      'Pipeline/Worker/WakeUp/DeadLetterAlarm',
    ]);
    expect(widgets[0]).toMatchObject({
      type: 'alarm',
      properties: { alarms: page.alarms.map(() => expect.stringMatching(/^<.*Alarm/) as string) },
    });
  });

  it('reads what the rule, the queue, the runtime and the service report', () => {
    const metrics = JSON.stringify(
      widgets.filter(({ type }) => type === 'metric').map(({ properties }) => properties.metrics),
    );
    for (const metric of [
      '"AWS/Events","TriggeredRules","RuleName"',
      '"AWS/SQS","ApproximateAgeOfOldestMessage"',
      '"Fileworks","JobsSucceeded","QueueName"',
      '"AWS/ECS","CPUUtilization"',
    ]) {
      expect(metrics).toContain(metric);
    }
  });

  it('makes no alarm and no metric of its own', () => {
    template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 0);
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });
});

it('calls once for a pipeline, however many of its alarms ring', () => {
  const test = createTestApp();
  const stages = createPipeline(test);
  const before = resourceCount(synth(test));
  const again = createTestApp();
  const page = new PipelineDashboard(again.stack, 'Page', {
    stages: createPipeline(again),
    alarmActions: [new SnsAction(new sns.Topic(again.stack, 'Topic'))],
  });
  const template = synth(again);
  template.hasResourceProperties('AWS::CloudWatch::CompositeAlarm', {
    AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
    AlarmRule: { 'Fn::Join': ['', Match.arrayWith(['(ALARM("', '") OR ALARM("'])] },
  });
  expect(page.alarm?.node.path).toBe('Pipeline/Page/Alarm');
  // The topic, the page and the alarm.
  expect(resourceCount(template) - before).toBe(3);
  expect(stages).toHaveLength(2);
});

it('shows jobs by the clock, export jobs, tasks of objects, alerts and what is no construct of ours', () => {
  const test = createTestApp();
  const { stack, cluster } = test;
  const schedule = ScheduleExpression.rate(Duration.hours(1));
  const connections = new Metric({ namespace: 'AWS/RDS', metricName: 'DatabaseConnections' });
  const alarm = new Alarm(stack, 'Full', {
    metric: connections,
    threshold: 100,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
  });
  const page = new PipelineDashboard(stack, 'Page', {
    dashboardName: 'nightly',
    defaultInterval: Duration.days(3),
    stages: [
      PipelineStage.job(new ScheduledFargateJob(stack, 'Plain', { cluster, image, schedule })),
      PipelineStage.job(
        new ScheduledFargateJob(stack, 'Nightly', {
          cluster,
          image,
          schedule,
          supervision: JobSupervision.stepFunctions(),
          alarmMissedFor: Duration.hours(2),
        }),
      ),
      PipelineStage.exports(new ExportOrchestrator(stack, 'Exports', { cluster, image })),
      PipelineStage.objectTask(new ObjectFargateTask(stack, 'Converter', { cluster, image })),
      PipelineStage.alerts(new TaskLifecycleAlerts(stack, 'Alerts')),
      PipelineStage.custom('Database', {
        text: 'Hop 6.',
        graphs: [{ title: 'Connections', left: [connections] }],
        alarms: [alarm],
      }),
    ],
  });
  const template = synth(test);
  expect(titles(widgetsOf(template))).toEqual([
    'Alarms',
    '## Plain: scheduled job',
    'Runs that could not be started',
    '## Nightly: scheduled job',
    'Runs',
    'Duration, milliseconds',
    'Runs that could not be started',
    '## Exports: export jobs',
    'Messages and tasks',
    'The API, milliseconds',
    'Files, milliseconds, p95',
    'Upload success rate, percent',
    '## Converter: a task for each object',
    'Runs',
    'Failed objects',
    'Duration, milliseconds',
    '## Alerts: failures raise alerts',
    'Undelivered alerts',
    'Alerts held back',
    '## Database',
    'Connections',
  ]);
  expect(page.alarms).toHaveLength(12);
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'nightly' });
  expect(page.dashboard.node.path).toBe('Pipeline/Page/Dashboard');
});

it('has no row of alarms for stages without any', () => {
  const test = createTestApp();
  const graphs = Array.from({ length: 5 }, (_, index) => ({
    title: `Graph ${index}`,
    left: [new Metric({ namespace: 'Own', metricName: `M${index}` })],
  }));
  new PipelineDashboard(test.stack, 'Page', { stages: [PipelineStage.custom('Own', { graphs })] });
  const widgets = widgetsOf(synth(test));
  expect(widgets.map(({ type, width }) => [type, width])).toEqual([
    ['text', 24],
    ['metric', 6],
    ['metric', 6],
    ['metric', 6],
    ['metric', 6],
    ['metric', 24],
  ]);
});

it('throws without stages', () => {
  const test = createTestApp();
  expect(() => new PipelineDashboard(test.stack, 'Page', { stages: [] })).toThrow(
    new Error(
      'stages cannot be empty; add the stages of the pipeline, such as PipelineStage.worker(worker) [at Pipeline/Page]',
    ),
  );
});

it('throws for actions of alarms that are not there', () => {
  const test = createTestApp();
  const alarmActions = [new SnsAction(new sns.Topic(test.stack, 'Topic'))];
  expect(
    () => new PipelineDashboard(test.stack, 'Page', { stages: [PipelineStage.custom('Own', {})], alarmActions }),
  ).toThrow(
    new Error(
      'alarmActions needs stages with alarms, and these have none; add alarms to them, or omit it [at Pipeline/Page]',
    ),
  );
});
