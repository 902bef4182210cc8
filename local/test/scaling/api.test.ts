import { answerScalingCall, type ScalableTargets } from '../../src/scaling/api';
import type { ScalableTarget } from '../../src/scaling/read-template';

const environment = { account: '000000000000', region: 'us-east-1' };
const service = {
  ServiceNamespace: 'ecs',
  ScalableDimension: 'ecs:service:DesiredCount',
  ResourceId: 'service/jobs/worker',
};
const limits = 'MinCapacity and MaxCapacity must be whole numbers, the first not above the second';
let target: ScalableTarget;
let registered: object[];
const activities = [1, 2].map((to) => ({
  resourceId: 'service/jobs/worker',
  policy: 'p',
  from: to - 1,
  to,
  at: to * 60_000,
  cause: `cause ${to}`,
}));

beforeEach(() => {
  target = { resourceId: 'service/jobs/worker', cluster: 'jobs', service: 'worker', minCapacity: 0, maxCapacity: 10 };
  registered = [];
});

function call(action: string, input: Record<string, unknown>, region = environment.region) {
  const own = (requested: { region: string }) => requested.region === environment.region;
  const targets: ScalableTargets = {
    find: (resourceId, requested) => (own(requested) && resourceId === target.resourceId ? target : undefined),
    all: (requested) => (own(requested) ? [target] : []),
    register: (resourceId, change) => registered.push({ resourceId, ...change }),
    activities: (resourceId, requested) =>
      own(requested) && resourceId === target.resourceId ? activities : undefined,
  };
  return answerScalingCall(
    { service: 'application-autoscaling', action, input, account: environment.account, region },
    targets,
  );
}

test('one limit is changed, the other stays', () => {
  const { status, body } = call('RegisterScalableTarget', { ...service, MinCapacity: 3 });
  expect(status).toBe(200);
  expect(body.ScalableTargetARN).toMatch(
    /^arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target\/[0-9a-f]+$/,
  );
  expect(registered).toEqual([
    {
      resourceId: 'service/jobs/worker',
      minCapacity: 3,
      maxCapacity: 10,
      suspended: { scaleIn: false, scaleOut: false },
    },
  ]);
});

test('policies can be suspended in one direction, and the other direction stays', () => {
  target = { ...target, suspended: { scaleIn: true, scaleOut: false } };
  call('RegisterScalableTarget', { ...service, SuspendedState: { DynamicScalingOutSuspended: true } });
  expect(registered).toEqual([expect.objectContaining({ suspended: { scaleIn: true, scaleOut: true } })]);
  const { body } = call('DescribeScalableTargets', { ServiceNamespace: 'ecs' });
  expect(body.ScalableTargets).toEqual([
    expect.objectContaining({
      SuspendedState: {
        DynamicScalingInSuspended: true,
        DynamicScalingOutSuspended: false,
        ScheduledScalingSuspended: false,
      },
    }),
  ]);
});

test('describes scaling activities, newest first, up to the requested number', () => {
  const { body } = call('DescribeScalingActivities', { ...service, MaxResults: 1 });
  expect(body.ScalingActivities).toEqual([
    expect.objectContaining({ Description: 'Setting desired count to 2.', Cause: 'cause 2', StartTime: 120 }),
  ]);
  expect(call('DescribeScalingActivities', { ...service, ResourceId: 'service/jobs/other' }).body).toEqual({
    ScalingActivities: [],
  });
});

test('what is registered can be described', () => {
  expect(
    call('DescribeScalableTargets', { ServiceNamespace: 'ecs', ResourceIds: ['service/jobs/worker'] }).body,
  ).toEqual({
    ScalableTargets: [
      expect.objectContaining({
        ResourceId: 'service/jobs/worker',
        MinCapacity: 0,
        MaxCapacity: 10,
        SuspendedState: expect.objectContaining({ DynamicScalingOutSuspended: false }),
      }),
    ],
  });
  expect(
    call('DescribeScalableTargets', { ServiceNamespace: 'ecs', ResourceIds: ['service/jobs/other'] }).body,
  ).toEqual({ ScalableTargets: [] });
});

test.each<[string, string, Record<string, unknown>, string?]>([
  [
    'no deployed template has a scalable target for service/jobs/other',
    'RegisterScalableTarget',
    { ...service, ResourceId: 'service/jobs/other' },
  ],
  [
    'no deployed template has a scalable target for service/jobs/worker',
    'RegisterScalableTarget',
    service,
    'eu-west-1',
  ],
  [
    'ServiceNamespace must be ecs here, got: dynamodb',
    'RegisterScalableTarget',
    { ...service, ServiceNamespace: 'dynamodb' },
  ],
  [
    'ScalableDimension must be ecs:service:DesiredCount here, got: undefined',
    'RegisterScalableTarget',
    { ...service, ScalableDimension: undefined },
  ],
  [`${limits}, got: 11 and undefined`, 'RegisterScalableTarget', { ...service, MinCapacity: 11 }],
  [`${limits}, got: -1 and 2`, 'RegisterScalableTarget', { ...service, MinCapacity: -1, MaxCapacity: 2 }],
  ['the local autoscaler does not answer PutScalingPolicy', 'PutScalingPolicy', service],
])('fails: %s', (message, action, input, region = environment.region) => {
  expect(call(action, input, region)).toEqual({ status: 400, body: { __type: 'ValidationException', message } });
  expect(registered).toEqual([]);
});
