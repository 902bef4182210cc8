import { readAssembly } from '../../src/deploy/assembly';
import type { DeployedStack } from '../../src/deploy/deployer';
import { MetricStore } from '../../src/scaling/metric-store';
import { readScaling } from '../../src/scaling/read-template';
import { APP, type Template } from '../support/cloud';

const ENVIRONMENT = { account: '111111111111', region: 'eu-west-1' };
const EXPORTS = { 'Network:Cluster': 'jobs' };
const QUEUE_URL = 'http://127.0.0.1:1/111111111111/Pipeline-Queue-1';

function deployed(edit: (template: Template) => void = () => undefined): DeployedStack {
  const { name, template } = readAssembly(APP, ENVIRONMENT).at(-1)!;
  edit(template as unknown as Template);
  const service = 'arn:aws:ecs:eu-west-1:111111111111:service/jobs/worker';
  const resources = {
    Queue: QUEUE_URL,
    DeadLetters: `${QUEUE_URL}-dead`,
    Service: service,
    DeadLetterAlarm: 'alarm-1',
  };
  return {
    name,
    template,
    environment: ENVIRONMENT,
    parameters: { Threshold: '5' },
    outputs: {},
    exports: {},
    resources,
  };
}

test('reads target, steps and alarms, with references resolved', () => {
  const { targets, policies, alarms, notes } = readScaling(deployed(), EXPORTS);
  expect(targets).toEqual([
    { resourceId: 'service/jobs/worker', cluster: 'jobs', service: 'worker', minCapacity: 0, maxCapacity: 3 },
  ]);
  expect(policies.map(({ name, step }) => [name, step?.adjustmentType, step?.cooldownSeconds, step?.steps])).toEqual([
    [
      'out',
      'ExactCapacity',
      60,
      [
        { lower: 0, upper: 9, adjustment: 1 },
        { lower: 9, adjustment: 3 },
      ],
    ],
    ['in', 'ExactCapacity', 60, [{ upper: 0, adjustment: 0 }]],
  ]);
  const shown = alarms.map(({ logicalId, policies: triggered, rule }) => [
    logicalId,
    triggered,
    rule.evaluationPeriods,
    rule.datapointsToAlarm,
    rule.missingData,
  ]);
  expect(shown).toEqual([
    ['OutAlarm', ['Out'], 1, 1, 'missing'],
    ['InAlarm', ['In'], 3, 3, 'missing'],
    ['DeadLetterAlarm', [], 1, 1, 'notBreaching'],
  ]);
  expect(alarms[2].name).toBe('alarm-1');
  expect([...alarms[2].series.sources.values()]).toMatchObject([
    { metric: { name: 'ApproximateNumberOfMessagesVisible', dimensions: { QueueName: 'Pipeline-Queue-1-dead' } } },
  ]);
  expect(notes).toEqual([]);
});

test('metric math is evaluated over the periods of its metrics', () => {
  const {
    alarms: [{ series }],
  } = readScaling(
    deployed(({ Resources }) => {
      Resources.OutAlarm.Properties.Metrics[1].MetricStat.Period = 120;
      Resources.OutAlarm.Properties.Metrics[2].MetricStat.Period = 120;
    }),
    EXPORTS,
  );
  const store = new MetricStore();
  const metric = (name: string) => ({ namespace: 'AWS/SQS', name, dimensions: { QueueName: 'Pipeline-Queue-1' } });
  [5, 6, 7, 8].forEach((value, minute) => {
    store.put(metric('ApproximateNumberOfMessagesVisible'), minute, value);
  });
  store.put(metric('ApproximateNumberOfMessagesNotVisible'), 2, 1);
  expect(store.points(series, 3, 2)).toEqual([6, 9]);
});

test('target tracking on an expression is read with its defaults', () => {
  const { policies } = readScaling(
    deployed(({ Resources }) => {
      Resources.Out.Properties = {
        PolicyName: 'track',
        PolicyType: 'TargetTrackingScaling',
        ScalingTargetId: { Ref: 'Target' },
        TargetTrackingScalingPolicyConfiguration: {
          TargetValue: { Ref: 'Threshold' },
          CustomizedMetricSpecification: { Metrics: Resources.OutAlarm.Properties.Metrics },
        },
      };
    }),
    EXPORTS,
  );
  expect(policies[0].tracking).toMatchObject({
    target: 5,
    scaleInCooldownSeconds: 300,
    scaleOutCooldownSeconds: 300,
    disableScaleIn: false,
    series: { result: 'backlog' },
  });
});

test('what does not run is reported', () => {
  const { notes } = readScaling(
    deployed(({ Resources }) => {
      Resources.Target.Properties.ScheduledActions = [{}];
      Resources.Out.Properties = {
        PolicyName: 'p',
        ScalingTargetId: { Ref: 'Target' },
        TargetTrackingScalingPolicyConfiguration: { TargetValue: 1, PredefinedMetricSpecification: {} },
      };
      Resources.DeadLetterAlarm.Properties.Namespace = 'AWS/S3';
      Resources.InAlarm.Properties.Namespace = 'Own';
    }),
    EXPORTS,
  );
  expect(notes).toEqual([
    'Pipeline: Target has scheduled actions, which do not run here',
    'Pipeline: Out tracks a predefined metric, which has no data here',
    'Pipeline: DeadLetterAlarm follows AWS/S3 ApproximateNumberOfMessagesVisible, which has no data here',
  ]);
});

test('throws with a sentence for a reference that it cannot resolve', () => {
  const stack = deployed(({ Resources }) => {
    Resources.DeadLetterAlarm.Properties.Dimensions[0].Value = { 'Fn::GetAtt': ['Bucket', 'WebsiteURL'] };
  });
  expect(() => readScaling(stack, EXPORTS)).toThrow(
    'stack Pipeline: the local autoscaler cannot resolve {"Fn::GetAtt":["Bucket","WebsiteURL"]}',
  );
});
