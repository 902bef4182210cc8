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
