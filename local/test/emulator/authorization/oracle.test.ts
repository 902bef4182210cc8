import { DEVIATIONS } from './deviations';
import { Generator, type Case, type Policy } from './generator';
import { oracle } from './oracle';
import { judge, type Verdict } from './python';

jest.setTimeout(120_000);

const COUNT = 800;
const SEED = 16;

const generator = new Generator(SEED);
const cases = Array.from({ length: COUNT }, () => generator.case());

const result = ({ allowed, explicit }: Verdict) =>
  allowed ? 'Allowed' : explicit ? 'ExplicitlyDenied' : 'ImplicitlyDenied';

describe('the oracle', () => {
  const call: Case = {
    principal: 'arn:aws:sts::111122223333:assumed-role/Worker/i-1',
    account: '111122223333',
    action: 'sqs:SendMessage',
    resource: 'arn:aws:sqs:eu-west-1:111122223333:jobs',
    context: { 'aws:SourceAccount': '111122223333' },
    identity: [],
    resourceAccount: '111122223333',
    mustAllow: false,
  };
  const statement = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: call.resource };
  const only = (account: string) => ({ ...statement, Condition: { StringEquals: { 'aws:SourceAccount': account } } });
  const policy = (...Statement: Record<string, unknown>[]): Policy => ({ Version: '2012-10-17', Statement });

  test('knows conditions', async () => {
    expect(await oracle({ ...call, identity: [policy(only('111122223333'))] })).toBe('Allowed');
    expect(await oracle({ ...call, identity: [policy(only('444455556666'))] })).toBe('ImplicitlyDenied');
  });

  test('knows resource policies', async () => {
    const service = { ...call, principal: 's3.amazonaws.com', account: '' };
    const to = (Principal: unknown) => policy({ ...statement, Principal });
    expect(await oracle({ ...service, resourcePolicy: to({ Service: 's3.amazonaws.com' }) })).toBe('Allowed');
    expect(await oracle({ ...service, resourcePolicy: to({ Service: 'sns.amazonaws.com' }) })).toBe('ImplicitlyDenied');
    const denied = policy({ ...statement, Effect: 'Deny', Principal: '*' });
    expect(await oracle({ ...call, identity: [policy(statement)], resourcePolicy: denied })).toBe('ExplicitlyDenied');
  });
});

describe('generated cases', () => {
  let verdicts: readonly Verdict[];

  beforeAll(async () => {
    verdicts = await judge(cases);
  });

  test('hold each operator, each kind of policy and each result many times', () => {
    const text = JSON.stringify(cases);
    const operators = cases
      .flatMap(({ identity, boundary, session, resourcePolicy }) => [...identity, boundary, session, resourcePolicy])
      .flatMap((policy) => policy?.Statement ?? [])
      .flatMap(({ Condition }) => Object.keys(Condition ?? {}))
      .map((name) => name.replace(/^.*:|IfExists$/g, ''));
    expect(new Set(operators).size).toBe(27);
    for (const part of ['ForAllValues:', 'ForAnyValue:', 'IfExists', 'NotAction', 'NotResource', 'NotPrincipal']) {
      expect([part, text.split(part).length > 20]).toEqual([part, true]);
    }
    for (const kind of ['boundary', 'session', 'resourcePolicy'] as const) {
      expect([kind, cases.filter((one) => kind in one).length > COUNT / 12]).toEqual([kind, true]);
    }
    for (const expected of ['Allowed', 'ExplicitlyDenied', 'ImplicitlyDenied']) {
      expect([expected, verdicts.filter((one) => result(one) === expected).length > COUNT / 10]).toEqual([
        expected,
        true,
      ]);
    }
  });

  test('are decided as the oracle decides them', async () => {
    const wrong = [];
    for (const [index, one] of cases.entries()) {
      const expected = await oracle(one);
      const { reason } = verdicts[index];
      if (result(verdicts[index]) !== expected) {
        wrong.push({ index, expected, reason, case: one });
      }
    }
    expect(wrong).toEqual([]);
  });

  test('are not allowed without the statements that a verdict names', async () => {
    const allowed = cases.flatMap((one, index) => (verdicts[index].allowed ? [without(one, verdicts[index])] : []));
    expect((await judge(allowed)).filter((one) => one.allowed)).toEqual([]);
  });

  test('have a reason exactly when they are denied', () => {
    expect(verdicts.filter(({ allowed, reason }) => allowed === reason.length > 0)).toEqual([]);
  });
});

test.each(DEVIATIONS)('AWS and the oracle differ: $name ($page)', async ({ case: one, ours, oracle: other }) => {
  const [verdict] = await judge([one]);
  expect([result(verdict), await oracle(one)]).toEqual([ours, other]);
});

/** The case with each statement that the verdict names turned into one about nothing. */
function without(one: Case, { statements }: Verdict): Case {
  const strip = (name: string, policy: Policy): Policy => ({
    ...policy,
    Statement: policy.Statement.map((each, at) =>
      statements.some(([named, index]) => named === name && index === at)
        ? { ...each, Action: 'none:Nothing', NotAction: undefined }
        : each,
    ),
  });
  return {
    ...one,
    identity: one.identity.map((policy, index) => strip(`identity ${index}`, policy)),
    ...(one.boundary && { boundary: strip('boundary', one.boundary) }),
    ...(one.session && { session: strip('session', one.session) }),
    ...(one.resourcePolicy && { resourcePolicy: strip('resource policy', one.resourcePolicy) }),
  };
}
