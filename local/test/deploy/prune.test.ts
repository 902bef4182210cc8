import { prune } from '../../src/deploy/prune';
import type { Template } from '../../src/deploy/assembly';

const KNOWN = new Set(['AWS::SQS::Queue', 'AWS::EC2::Route']);

function pruned(
  resources: Record<string, unknown>,
  rest: Record<string, unknown> = {},
  known: ReadonlySet<string> | 'unknown' = KNOWN,
) {
  return prune(
    { name: 'Stack', template: { ...rest, Resources: resources } as unknown as Template },
    known === 'unknown' ? undefined : known,
  );
}

test('a template of known types stays as it is', () => {
  const resources = {
    Queue: { Type: 'AWS::SQS::Queue', DependsOn: ['Other'], Condition: 'C' },
    Other: { Type: 'Custom::Thing' },
  };
  const { template, removed } = pruned(resources, {
    Conditions: { C: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'x'] } },
  });
  expect(template).toEqual({
    Conditions: { C: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'x'] } },
    Resources: resources,
  });
  expect(removed).toEqual([]);
});

test('references to a resource that is left out become constants, in resources, conditions of Sub, and outputs', () => {
  const { template, removed } = pruned(
    {
      Nat: { Type: 'AWS::EC2::NatGateway' },
      Eip: { Type: 'AWS::EC2::EIP' },
      Route: {
        Type: 'AWS::EC2::Route',
        DependsOn: ['Nat', 'Queue'],
        Properties: {
          NatGatewayId: { Ref: 'Nat' },
          Texts: [
            { 'Fn::Sub': 'a ${Eip} ${Eip.AllocationId} ${Queue} ${!Eip} ${AWS::Region}' },
            { 'Fn::Sub': ['${Eip} ${Nat}', { Eip: { Ref: 'Queue' } }] },
            { 'Fn::GetAtt': ['Eip', 'AllocationId'] },
            { 'Fn::GetAtt': 'Eip.PublicIp' },
          ],
        },
      },
      Queue: { Type: 'AWS::SQS::Queue', DependsOn: 'Nat' },
    },
    { Outputs: { Address: { Value: { Ref: 'Eip' } } } },
  );
  expect(removed.map(({ logicalId }) => logicalId)).toEqual(['Nat', 'Eip']);
  expect(template).toEqual({
    Outputs: { Address: { Value: '127.0.0.1' } },
    Resources: {
      Route: {
        Type: 'AWS::EC2::Route',
        DependsOn: ['Queue'],
        Properties: {
          NatGatewayId: expect.stringMatching(/^nat-[0-9a-f]{17}$/),
          Texts: [
            { 'Fn::Sub': 'a 127.0.0.1 local-Eip-AllocationId ${Queue} ${!Eip} ${AWS::Region}' },
            { 'Fn::Sub': [expect.stringMatching(/^\$\{Eip\} nat-[0-9a-f]{17}$/), { Eip: { Ref: 'Queue' } }] },
            'local-Eip-AllocationId',
            '127.0.0.1',
          ],
        },
      },
      Queue: { Type: 'AWS::SQS::Queue' },
    },
  });
});

test('a type of the list stays when the emulator supports it', () => {
  const { removed } = pruned({ Nat: { Type: 'AWS::EC2::NatGateway' } }, {}, new Set(['AWS::EC2::NatGateway']));
  expect(removed).toEqual([]);
});

test('leaves out the whole list when the types of the emulator are unknown', () => {
  const { template, removed } = pruned(
    { Nat: { Type: 'AWS::EC2::NatGateway' }, New: { Type: 'AWS::New::Thing' } },
    {},
    'unknown',
  );
  expect(removed).toEqual([
    { logicalId: 'Nat', type: 'AWS::EC2::NatGateway', because: 'tasks run in the network of this machine' },
  ]);
  expect(Object.keys(template.Resources)).toEqual(['New']);
});

test('throws for a type that is neither supported nor on the list', () => {
  expect(() => pruned({ Thing: { Type: 'AWS::New::Thing' } })).toThrow(
    'stack Stack: the emulator does not support AWS::New::Thing (Thing), and it is not among the types that may be left out',
  );
});

describe('a custom resource that the emulator cannot run and no file needs', () => {
  const provider = {
    Handler: { Type: 'AWS::Lambda::Function', Properties: { Role: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
    Role: { Type: 'AWS::IAM::Role' },
    Policy: { Type: 'AWS::IAM::Policy', Properties: { Roles: [{ Ref: 'Role' }] } },
    Handler2: { Type: 'AWS::Lambda::Function', DependsOn: ['Policy'] },
  };
  const known = new Set([...KNOWN, 'AWS::Lambda::Function', 'AWS::IAM::Role', 'AWS::IAM::Policy']);
  const restrict = {
    Type: 'Custom::VpcRestrictDefaultSG',
    Properties: { ServiceToken: { 'Fn::GetAtt': ['Handler', 'Arn'] } },
  };
  const { Handler2, ...handler } = provider;

  test('is left out with its function, role and policy, each with its reason', () => {
    const { template, removed } = pruned(
      { ...handler, Restrict: restrict, Queue: { Type: 'AWS::SQS::Queue' } },
      {},
      known,
    );
    expect(Object.keys(template.Resources)).toEqual(['Queue']);
    expect(removed).toEqual([
      {
        logicalId: 'Restrict',
        type: 'Custom::VpcRestrictDefaultSG',
        because: 'tasks run in the network of this machine',
      },
      { logicalId: 'Handler', type: 'AWS::Lambda::Function', because: 'used only by what is left out' },
      { logicalId: 'Role', type: 'AWS::IAM::Role', because: 'used only by what is left out' },
      { logicalId: 'Policy', type: 'AWS::IAM::Policy', because: 'used only by what is left out' },
    ]);
  });

  test.each([
    ['another custom resource', { Other: { ...restrict, Type: 'Custom::Other' } }, {}, ['Handler', 'Role', 'Policy']],
    ['an output', {}, { Outputs: { Arn: { Value: { 'Fn::Sub': '${Handler.Arn}' } } } }, ['Handler', 'Role', 'Policy']],
    [
      'another function, its role,',
      { Other: { Type: 'AWS::Lambda::Function', Properties: { Role: { 'Fn::GetAtt': 'Role.Arn' } } } },
      {},
      ['Role', 'Policy'],
    ],
    ['another function, the policy of its role,', { Handler2 }, {}, ['Role', 'Policy']],
  ])('when %s uses its function, keeps that', (_user, users, rest, kept) => {
    const { template } = pruned({ ...handler, Restrict: restrict, ...users }, rest, known);
    expect(Object.keys(template.Resources)).toEqual([...kept, ...Object.keys(users)]);
  });

  test('stays when it is not on the list', () => {
    const { removed } = pruned(
      { Deployment: { ...restrict, Type: 'Custom::CDKBucketDeployment' }, ...handler },
      {},
      known,
    );
    expect(removed).toEqual([]);
  });

  test('leaves its properties where its attributes were', () => {
    const name = { 'Fn::Join': ['', ['/aws/lambda/', { Ref: 'Function' }]] };
    const { template } = pruned(
      {
        Retention: { Type: 'Custom::LogRetention', Properties: { LogGroupName: name } },
        Provider: { Type: 'Custom::AWSCDKOpenIdConnectProvider', Properties: { Url: 'https://token.example.com' } },
        Queue: {
          Type: 'AWS::SQS::Queue',
          Properties: {
            Name: { 'Fn::GetAtt': ['Retention', 'LogGroupName'] },
            Text: { 'Fn::Sub': '${Retention.LogGroupName}-${Queue2}' },
            Arn: { Ref: 'Provider' },
          },
        },
      },
      {},
      known,
    );
    expect(template.Resources.Queue.Properties).toEqual({
      Name: name,
      Text: { 'Fn::Sub': ['${RetentionLogGroupName}-${Queue2}', { RetentionLogGroupName: name }] },
      Arn: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/token.example.com' },
    });
  });
});
