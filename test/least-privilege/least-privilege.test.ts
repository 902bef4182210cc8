import type { Denial, StatementUse } from 'fileworks-local';
import { findings } from './findings';

const use = (Action: string | string[], actions: string[], more: Partial<StatementUse> = {}): StatementUse => ({
  stack: 'App',
  logicalId: 'WorkerTaskRoleDefaultPolicy1',
  index: 0,
  statement: { Effect: 'Allow', Action, Resource: '*' },
  actions,
  ...more,
});
const denial: Denial = {
  principal: 'arn:aws:sts::1:assumed-role/worker/1',
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::a/b',
  reason: 'worker is not allowed s3:GetObject',
};

describe('findings', () => {
  it.each<[string, string | string[], string[]]>([
    ['an action', 's3:GetObject', ['s3:GetObject']],
    ['an action in another case', 'S3:getobject', ['s3:GetObject']],
    ['actions with wildcards', ['s3:Get*', 'sqs:?eceiveMessage'], ['s3:GetObject', 'sqs:ReceiveMessage']],
  ])('are none when %s was used', (_, granted, used) => {
    expect(findings([use(granted, used)], [], [])).toEqual([]);
  });

  it.each<[string, string[]]>([
    ['s3:GetObject', []],
    ['s3:GetObject', ['s3:GetObjectVersion']],
    ['s3:Get.bject', ['s3:GetObject']],
  ])('report the granted %s when the calls were %j', (granted, used) => {
    expect(findings([use(granted, used)], [], [])).toEqual([
      `WorkerTaskRoleDefaultPolicy1 may ${granted} and never did`,
    ]);
  });

  it('report what was denied', () => {
    expect(findings([], [denial], [])).toEqual(['worker is not allowed s3:GetObject']);
  });

  it('accept an acknowledgement with a reason, and report an unneeded one', () => {
    const reason = { role: 'WorkerTask', action: 's3:GetObject', because: 'the handler of a reader may' };
    expect(findings([use('s3:GetObject', [])], [], [reason])).toEqual([]);
    expect(findings([use('s3:GetObject', ['s3:GetObject'])], [], [reason])).toEqual([
      'the acknowledgement of s3:GetObject for WorkerTask is not needed',
    ]);
    expect(findings([use('s3:GetObject', ['s3:GetObject'])], [], [{ ...reason, sometimes: true }])).toEqual([]);
  });

  it('accept an acknowledgement for its policy alone', () => {
    const reason = { role: 'Other', action: 's3:GetObject', because: 'it may' };
    expect(findings([use('s3:GetObject', [])], [], [reason])).toHaveLength(2);
  });
});
