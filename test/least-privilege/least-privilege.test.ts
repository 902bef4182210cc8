import type { ApiCall } from 'fileworks-local';
import type { DeployedRole } from './deployed-roles';
import { findings } from './findings';
import { isAllowed, matches, parsePolicy, type Request } from './policy';

const policy = (...statements: object[]) =>
  parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }));
const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::inbox/in/*' };
const readObject: Request = { action: 's3:GetObject', resource: 'arn:aws:s3:::inbox/in/a\nb.zip' };
const run = {
  Effect: 'Allow',
  Action: ['ecs:RunTask'],
  Resource: '*',
  Condition: { ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:eu-west-1:1:cluster/a' } },
};
const runTask = (cluster: string): Request => ({
  action: 'ecs:RunTask',
  resource: 'x',
  context: { 'ecs:cluster': `arn:aws:ecs:eu-west-1:1:cluster/${cluster}` },
});

describe('the policy evaluator', () => {
  it.each<[string, object[], Request, boolean]>([
    ['allows what matches', [read], readObject, true],
    ['allows another case of the action', [{ ...read, Action: 'S3:getobject' }], readObject, true],
    ['allows by wildcards in the action', [{ ...read, Action: 's3:Get*' }], readObject, true],
    ['denies another action', [read], { ...readObject, action: 's3:GetObjectVersion' }, false],
    ['denies another resource', [read], { ...readObject, resource: 'arn:aws:s3:::inbox/out/a' }, false],
    ['denies a resource whose case differs', [read], { ...readObject, resource: 'arn:aws:s3:::inbox/IN/a' }, false],
    ['denies without a statement', [], readObject, false],
    ['denies in spite of a permission', [read, { ...read, Effect: 'Deny', Action: '*' }], readObject, false],
    ['allows when the condition holds', [run], runTask('a'), true],
    ['denies when it does not', [run], runTask('b'), false],
  ])('%s', (_, statements, request, expected) => {
    expect(isAllowed(policy(...statements), request)).toBe(expected);
  });

  it.each([
    ['a.c', 'abc', false],
    ['a?c', 'abc', true],
    ['a*', 'a', true],
    ['*(x)', 'y(x)', true],
    ['a', 'ab', false],
  ])('matches %s with %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it.each<[string, object, Request]>([
    ['a statement with NotAction', { ...read, NotAction: 'a', Action: 'b' }, readObject],
    [
      'the condition StringEquals on aws:PrincipalOrgID cannot be judged',
      { ...read, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o' } } },
      readObject,
    ],
    ['the condition operator Bool', { ...run, Condition: { Bool: { 'ecs:cluster': 'true' } } }, runTask('a')],
  ])('throws rather than judge %s', (message, statement, request) => {
    expect(() => isAllowed(policy(statement), request)).toThrow(message);
  });
});

describe('findings', () => {
  const role = (statements: object[], more: Partial<DeployedRole> = {}): DeployedRole => ({
    logicalId: 'WorkerRole1',
    name: 'worker',
    actor: 'container',
    services: ['ecs-tasks.amazonaws.com'],
    managedPolicies: [],
    statements: policy(...statements),
    ...more,
  });
  const call = (request: Request, name = 'worker'): ApiCall => ({
    time: 0,
    service: 's3',
    region: 'eu-west-1',
    status: 200,
    role: `arn:aws:iam::1:role/${name}`,
    ...request,
  });

  it('are none when a role used all of its permissions and no others', () => {
    expect(findings([role([read])], [call(readObject)], [])).toEqual([]);
  });

  it('report a call that the policy does not allow', () => {
    expect(
      findings(
        [role([read])],
        [call(readObject), call({ action: 's3:PutObject', resource: 'arn:aws:s3:::inbox/in/a' })],
        [],
      ),
    ).toEqual(['WorkerRole1 did s3:PutObject on arn:aws:s3:::inbox/in/a and may not']);
  });

  it('report a granted action that was not used, also when only another role used it', () => {
    expect(findings([role([read])], [call(readObject, 'co-worker')], [])).toEqual([
      'WorkerRole1 may s3:GetObject and never did',
    ]);
  });

  it('report an action that is granted for a resource on which it was not used', () => {
    expect(findings([role([read, { ...read, Resource: 'arn:aws:s3:::other/*' }])], [call(readObject)], [])).toEqual([
      'WorkerRole1 may s3:GetObject and never did',
    ]);
  });

  it('accept an acknowledgement with a reason, and report an unneeded one', () => {
    const reason = { role: 'WorkerRole', action: 's3:GetObject', because: 'the handler of a reader may' };
    expect(findings([role([read])], [], [reason])).toEqual([]);
    expect(findings([role([read])], [call(readObject)], [reason])).toEqual([
      'the acknowledgement of s3:GetObject for WorkerRole is not needed',
    ]);
  });

  it('include the needs of a service that uses the role, not of a container', () => {
    const pull = { Effect: 'Allow', Action: ['ecr:BatchGetImage', 'ecr:DeleteRepository'], Resource: '*' };
    expect(findings([role([pull], { actor: 'service' })], [], [])).toEqual([
      'WorkerRole1 may ecr:DeleteRepository and never did',
    ]);
    expect(findings([role([pull])], [], [])).toHaveLength(2);
  });

  it('count iam:PassRole as used with the task that was run', () => {
    const pass = { Effect: 'Allow', Action: 'iam:PassRole', Resource: 'arn:aws:iam::1:role/task' };
    expect(findings([role([run, pass])], [call(runTask('a'))], [])).toEqual([]);
    expect(findings([role([pass])], [], [])).toHaveLength(1);
  });

  it('report every AWS managed policy, which is never the least', () => {
    expect(findings([role([], { managedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'] })], [], [])).toEqual([
      'WorkerRole1 may arn:aws:iam::aws:policy/AdministratorAccess and never did',
    ]);
  });
});
