import { estimate, PRICES } from '../../build-tools/integ/estimate';

const of = (Type: string, Properties = {}) => ({ Type, Properties });
const template = {
  Resources: {
    Target: of('AWS::ApplicationAutoScaling::ScalableTarget', { MaxCapacity: 10 }),
    Small: of('AWS::ECS::TaskDefinition', { Cpu: '256', Memory: '512' }),
    Large: of('AWS::ECS::TaskDefinition', { Cpu: '1024', Memory: '2048' }),
    One: of('AWS::CloudWatch::Alarm'),
    Two: of('AWS::CloudWatch::Alarm'),
    Gateway: of('AWS::EC2::NatGateway'),
  },
};

test('the estimate has the most tasks of the largest size, and what costs while nothing runs', () => {
  const { resources, tasks, dollarsAnHour, dollars } = estimate([template], 2);
  const hour = 10 * (0.04048 + 2 * 0.004445 + 0.005) + (2 * 0.1) / 730 + 0.045;
  expect([tasks, dollarsAnHour, dollars]).toEqual([
    10,
    expect.closeTo(hour, 6) as number,
    expect.closeTo(2 * hour + PRICES.requests, 6) as number,
  ]);
  expect(resources.slice(0, 2)).toEqual([
    ['AWS::ECS::TaskDefinition', 2],
    ['AWS::CloudWatch::Alarm', 2],
  ]);
});

test.each([
  ['a state machine without a map', '{"States":{}}', 4],
  ['maps in maps', '{"Outer":{"MaxConcurrency":5,"Inner":{"MaxConcurrency":20}}}', 100],
])('tasks of %s', (_, definition, tasks) => {
  const Machine = of('AWS::StepFunctions::StateMachine', { DefinitionString: { 'Fn::Join': ['', [definition]] } });
  const { Large } = template.Resources;
  expect(estimate([{ Resources: { Large, Machine } }], 1)).toMatchObject({
    tasks,
    dollarsAnHour: expect.closeTo(tasks * (0.04048 + 2 * 0.004445 + 0.005), 6) as number,
  });
});

test('a dispatcher runs tasks too, and its other functions do not', () => {
  const { Large } = template.Resources;
  const Launcher = of('AWS::Lambda::Function', { Environment: { Variables: { LAUNCHES_PER_SECOND: '10' } } });
  const Other = of('AWS::Lambda::Function', { Environment: { Variables: { LIMITS: '{}' } } });
  expect(estimate([{ Resources: { Large, Launcher, Other, Plain: of('AWS::Lambda::Function') } }], 1).tasks).toBe(24);
});

test.each([
  ['a database in two zones', 'AWS::RDS::DBInstance', { MultiAZ: true }, 2 * (0.065 + (100 * 0.115) / 730)],
  ['a database in one zone', 'AWS::RDS::DBInstance', {}, 0.065 + (100 * 0.115) / 730],
  ['an endpoint of an interface in two subnets', 'AWS::EC2::VPCEndpoint', { SubnetIds: ['a', 'b'] }, 0.02],
  ['an endpoint of a gateway', 'AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' }, 0],
  [
    'an alarm of two metrics',
    'AWS::CloudWatch::Alarm',
    { Metrics: [{ MetricStat: {} }, { MetricStat: {} }, { Expression: 'a + b' }] },
    0.2 / 730,
  ],
  ['builds', 'AWS::CodeBuild::Project', {}, 0.3],
])('%s', (_, type, properties, hour) => {
  const Resource = of(type, { DBInstanceClass: 'db.t4g.medium', AllocatedStorage: '100', ...properties });
  expect(estimate([{ Resources: { Resource } }], 1).dollarsAnHour).toBeCloseTo(hour, 6);
});

test('a database without a known price is refused', () => {
  const Database = of('AWS::RDS::DBInstance', { DBInstanceClass: 'db.r8g.large', AllocatedStorage: '100' });
  expect(() => estimate([{ Resources: { Database } }], 1)).toThrow('no price of a database db.r8g.large is known');
});
