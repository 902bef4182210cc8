import type { EvaluationResult } from '@cloud-copilot/iam-simulate';
import type { Case } from './generator';

const GUIDE = 'https://docs.aws.amazon.com/IAM/latest/UserGuide';
const QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:jobs';
const SESSION = 'arn:aws:sts::111122223333:assumed-role/Worker/i-1';

const base: Case = {
  principal: SESSION,
  account: '111122223333',
  action: 'sqs:SendMessage',
  resource: QUEUE,
  context: {},
  identity: [],
  resourceAccount: '111122223333',
  mustAllow: false,
};

const allow = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE };
const version = { Version: '2012-10-17' };
/** Allowed by an identity policy under a condition. */
const when = (condition: Record<string, unknown>, context: Case['context'], policy: object = version): Case => ({
  ...base,
  context,
  identity: [{ ...policy, Statement: [{ ...allow, Condition: condition }] }],
});

export interface Deviation {
  readonly name: string;
  /** What AWS's page says. */
  readonly quote: string;
  readonly page: string;
  readonly case: Case;
  readonly ours: EvaluationResult;
  readonly oracle: EvaluationResult;
}

/** Where the oracle differs from AWS's own pages: the generator makes no such case. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'an inverted operator on a variable without a value',
    quote: 'Inverted condition operators like StringNotEquals or StringNotLike do match against a null value',
    page: `${GUIDE}/reference_policies_variables.html#policy-vars-no-value`,
    case: when({ StringNotEquals: { 'aws:username': '${aws:PrincipalTag/team}' } }, { 'aws:username': 'ann' }),
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'NotResource with a variable without a value',
    quote: 'the resource that includes a policy variable with no value will not match any resource',
    page: `${GUIDE}/reference_policies_variables.html#policy-vars-no-value`,
    case: {
      ...base,
      action: 's3:GetObject',
      resource: 'arn:aws:s3:::in/ann/a.zip',
      identity: [
        {
          ...version,
          Statement: [
            { Effect: 'Allow', Action: '*', Resource: '*' },
            { Effect: 'Deny', Action: '*', NotResource: 'arn:aws:s3:::in/${aws:username}/*' },
          ],
        },
      ],
    },
    ours: 'ExplicitlyDenied',
    oracle: 'Allowed',
  },
  {
    name: 'a variable in a policy without Version',
    quote: "Earlier versions of the policy language don't support policy variables",
    page: `${GUIDE}/reference_policies_variables.html#policy-vars-intro`,
    case: when({ StringEquals: { 'aws:username': '${aws:username}' } }, { 'aws:username': 'ann' }, {}),
    ours: 'ImplicitlyDenied',
    oracle: 'Allowed',
  },
  {
    name: 'an asterisk written as ${*} for an operator that ignores case',
    quote:
      '${*} - use where you need an * (asterisk) character [...] in any string where you can use regular policy variables',
    page: `${GUIDE}/reference_policies_variables.html#policy-vars-specialchars`,
    case: when({ StringEqualsIgnoreCase: { 'aws:username': 'a${*}n' } }, { 'aws:username': 'A*N' }),
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'seconds since 1970 against a date',
    quote:
      'You must specify date/time values with one of the W3C implementations of the ISO 8601 date formats or in epoch (UNIX) time',
    page: `${GUIDE}/reference_policies_elements_condition_operators.html#Conditions_Date`,
    case: when({ DateGreaterThan: { 'aws:EpochTime': '2026-01-01T00:00:00Z' } }, { 'aws:EpochTime': '1782820800' }),
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'an IPv6 address is not an address of IPv4',
    quote: 'All IP addresses except the specified IP address or range',
    page: `${GUIDE}/reference_policies_elements_condition_operators.html#Conditions_IPAddress`,
    case: when({ NotIpAddress: { 'aws:SourceIp': '10.0.0.7' } }, { 'aws:SourceIp': '2001:db8::7' }),
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'a key with an empty list',
    quote: 'to check if the context key in the request exists and its value is not null',
    page: `${GUIDE}/reference_policies_condition_examples-multi-valued-context-keys.html`,
    case: when({ Null: { 'aws:TagKeys': 'true' } }, { 'aws:TagKeys': [] }),
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'ForAllValues on an empty text',
    quote: 'also returns true if [...] the context key value resolves to a null dataset, such as an empty string',
    page: `${GUIDE}/reference_policies_condition_examples-multi-valued-context-keys.html`,
    case: when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' } }, { 'aws:TagKeys': [''] }),
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'a session that the resource policy names, and its session policy',
    quote: 'Permissions granted directly to a session are not limited by an implicit deny in [...] session policy',
    page: `${GUIDE}/reference_policies_evaluation-logic_policy-eval-denyallow.html`,
    case: {
      ...base,
      session: { ...version, Statement: [{ ...allow, Action: 'sqs:ReceiveMessage' }] },
      resourcePolicy: { ...version, Statement: [{ ...allow, Principal: { AWS: SESSION } }] },
    },
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'everyone, and a session policy',
    quote:
      'Permissions boundaries and session policies do not limit permissions granted using the aws:PrincipalArn ' +
      'condition key with a wildcard(*) in the Principal element',
    page: `${GUIDE}/reference_policies_evaluation-logic_policy-eval-denyallow.html`,
    case: {
      ...base,
      context: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/Worker' },
      session: { ...version, Statement: [{ ...allow, Action: 'sqs:ReceiveMessage' }] },
      resourcePolicy: {
        ...version,
        Statement: [
          {
            ...allow,
            Principal: '*',
            Condition: { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/Worker' } },
          },
        ],
      },
    },
    ours: 'Allowed',
    oracle: 'ImplicitlyDenied',
  },
  {
    name: 'NotPrincipal with the account of another user',
    quote: 'all principals except the user named Bob in AWS account 444455556666 are explicitly denied access',
    page: `${GUIDE}/reference_policies_elements_notprincipal.html`,
    case: {
      ...base,
      principal: 'arn:aws:iam::111122223333:user/ann',
      identity: [{ ...version, Statement: [allow] }],
      resourcePolicy: {
        ...version,
        Statement: [
          {
            ...allow,
            Effect: 'Deny',
            NotPrincipal: { AWS: ['arn:aws:iam::111122223333:user/bob', 'arn:aws:iam::111122223333:root'] },
          },
        ],
      },
    },
    ours: 'ExplicitlyDenied',
    oracle: 'Allowed',
  },
  {
    name: 'NotPrincipal with a session, without its role and account',
    quote:
      'If the NotPrincipal element was missing the ARN of the role, the effect of the policy might be to explicitly deny access to the role',
    page: `${GUIDE}/reference_policies_elements_notprincipal.html`,
    case: {
      ...base,
      identity: [{ ...version, Statement: [allow] }],
      resourcePolicy: { ...version, Statement: [{ ...allow, Effect: 'Deny', NotPrincipal: { AWS: SESSION } }] },
    },
    ours: 'ExplicitlyDenied',
    oracle: 'Allowed',
  },
  {
    name: 'NotPrincipal with a session and its role, without the account',
    quote:
      'if the NotPrincipal element was missing the ARN of the AWS account that the role belongs to, the effect of the ' +
      'policy might be to explicitly deny access to the AWS account and all entities in that account',
    page: `${GUIDE}/reference_policies_elements_notprincipal.html`,
    case: {
      ...base,
      identity: [{ ...version, Statement: [allow] }],
      resourcePolicy: {
        ...version,
        Statement: [
          {
            ...allow,
            Effect: 'Deny',
            NotPrincipal: { AWS: [SESSION, 'arn:aws:iam::111122223333:role/Worker'] },
          },
        ],
      },
    },
    ours: 'ExplicitlyDenied',
    oracle: 'Allowed',
  },
];
