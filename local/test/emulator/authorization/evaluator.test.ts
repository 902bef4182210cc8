import type { Case, Policy } from './generator';
import { judge, python } from './python';

jest.setTimeout(120_000);

const QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:jobs';
const SESSION = 'arn:aws:sts::111122223333:assumed-role/Worker/i-1';
const send = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE };
const policy = (...Statement: Record<string, unknown>[]): Policy => ({ Version: '2012-10-17', Statement });
const call: Case = {
  principal: SESSION,
  account: '111122223333',
  action: 'sqs:SendMessage',
  resource: QUEUE,
  context: {},
  identity: [],
  resourceAccount: '111122223333',
  mustAllow: false,
};

/** Whether an Allow with the condition applies, for each value that a request has. */
async function holds(operator: string, key: string, expected: unknown, values: readonly string[]) {
  const identity = [policy({ ...send, Condition: { [operator]: { [key]: expected } } })];
  const verdicts = await judge(values.map((actual) => ({ ...call, context: { [key]: actual }, identity })));
  return verdicts.map(({ allowed }) => allowed);
}

async function reason(changed: Partial<Case>): Promise<string> {
  const [verdict] = await judge([{ ...call, ...changed }]);
  return verdict.reason;
}

describe('a condition', () => {
  test.each([
    ['LessThan', [true, false, false]],
    ['LessThanEquals', [true, true, false]],
    ['Equals', [false, true, false]],
    ['NotEquals', [true, false, true]],
    ['GreaterThanEquals', [false, true, true]],
    ['GreaterThan', [false, false, true]],
  ])('%s compares numbers and dates at the limit', async (name, expected) => {
    expect(await holds(`Numeric${name}`, 'aws:MultiFactorAuthAge', '10', ['9', '10', '10.5'])).toEqual(expected);
    const dates = ['2026-01-01T00:59:59Z', '2026-01-01T01:00:00Z', '1767229201'];
    expect(await holds(`Date${name}`, 'aws:CurrentTime', '2026-01-01T03:00:00+02:00', dates)).toEqual(expected);
  });

  test('does not take an empty text for the value of a variable that has none', async () => {
    expect(await holds('StringEquals', 'aws:username', '${aws:nothing}', [''])).toEqual([false]);
  });

  test('replaces a variable by a literal text: its asterisk matches only itself', async () => {
    const identity = [policy({ ...send, Condition: { StringLike: { 'aws:PrincipalTag/team': '${aws:username}' } } })];
    const contexts = ['*', 'any'].map((team) => ({ 'aws:username': '*', 'aws:PrincipalTag/team': team }));
    const verdicts = await judge(contexts.map((context) => ({ ...call, context, identity })));
    expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, false]);
  });
});

test('an Allow that names the session counts, whatever Allow follows that names its account', async () => {
  const boundary = policy({ ...send, Action: 'sqs:ReceiveMessage' });
  const to = (AWS: string) => ({ ...send, Principal: { AWS } });
  const [verdict] = await judge([{ ...call, boundary, resourcePolicy: policy(to(SESSION), to('111122223333')) }]);
  expect(verdict).toMatchObject({
    allowed: true,
    statements: [
      ['resource policy', 0],
      ['resource policy', 1],
    ],
  });
});

test('a permissions boundary meets every Deny with NotPrincipal', async () => {
  const excepts = { AWS: [SESSION, 'arn:aws:iam::111122223333:role/Worker', '111122223333'] };
  const resourcePolicy = policy({ ...send, Effect: 'Deny', NotPrincipal: excepts });
  const free = { ...call, identity: [policy(send)], resourcePolicy };
  const [without, bounded] = await judge([free, { ...free, boundary: policy(send) }]);
  expect([without.allowed, bounded.allowed, bounded.explicit]).toEqual([true, false, true]);
});

test('a wildcard stays in its segment of an ARN, but for an asterisk at the end of one', async () => {
  const patterns = [
    'arn:aws:sqs:eu-*3:jobs',
    'arn:aws:sqs:eu-west?1*:jobs',
    'arn:aws:sqs:*:jobs',
    'arn:aws:sqs:eu-*',
    'arn:aws:sqs:eu-*:*',
  ];
  const to = (Resource: string) => policy({ ...send, Resource, Principal: { AWS: SESSION } });
  const verdicts = await judge(patterns.map((pattern) => ({ ...call, resourcePolicy: to(pattern) })));
  expect(verdicts.map(({ allowed }) => allowed)).toEqual([false, true, true, true, true]);
});

test('a pattern of many asterisks is decided at once', async () => {
  const resource = `arn:aws:s3:::in/${'a'.repeat(1000)}`;
  const to = (Resource: string) => [policy({ Effect: 'Allow', Action: '*', Resource })];
  const many = `arn:aws:s3:::in/${'*a'.repeat(60)}`;
  const verdicts = await judge([many, `${many}b`].map((pattern) => ({ ...call, resource, identity: to(pattern) })));
  expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, false]);
});

test('the root of an account may what no policy denies', async () => {
  const root = { ...call, principal: 'arn:aws:iam::111122223333:root' };
  const denied = policy({ ...send, Effect: 'Deny', Principal: '*' });
  const verdicts = await judge([
    root,
    { ...root, resourcePolicy: denied },
    { ...root, resourceAccount: '444455556666' },
  ]);
  expect(verdicts.map(({ allowed, explicit }) => [allowed, explicit])).toEqual([
    [true, false],
    [false, true],
    [false, false],
  ]);
});

describe('a denial says', () => {
  const head = `${SESSION} is not allowed sqs:SendMessage on ${QUEUE}:`;

  test('which statement to add', async () => {
    const added = `add {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "${QUEUE}"}`;
    expect(await reason({})).toBe(`${head} it has no policies; ${added}`);
    const identity = [policy({ ...send, Action: 'sqs:ReceiveMessage' })];
    expect(await reason({ identity })).toBe(`${head} no statement of identity 0 allows it; ${added}`);
  });

  test('which condition does not hold, of the statement that comes closest', async () => {
    const identity = [
      policy(
        { ...send, Resource: `${QUEUE}.fifo` },
        {
          ...send,
          Condition: { StringEquals: { 'aws:username': ['ann', 'bob'] }, Bool: { 'aws:SecureTransport': true } },
        },
      ),
    ];
    expect(await reason({ identity, context: { 'aws:SecureTransport': 'false' } })).toBe(
      `${head} statement 2 of identity 0 allows the action, but its condition StringEquals aws:username wants ann or bob, ` +
        'and the request has no aws:username and its condition Bool aws:SecureTransport wants true, and the request has false',
    );
  });

  test('which resource or principal is missing in the statement that comes closest', async () => {
    expect(await reason({ identity: [policy({ ...send, Resource: `${QUEUE}.fifo` })] })).toBe(
      `${head} statement 1 of identity 0 allows the action, but on ${QUEUE}.fifo; add ${QUEUE} there`,
    );
    expect(await reason({ identity: [policy({ ...send, Resource: undefined, NotResource: QUEUE })] })).toBe(
      `${head} statement 1 of identity 0 allows the action, but not on its NotResource ${QUEUE}`,
    );
    const resourcePolicy = policy({ ...send, Principal: { Service: 's3.amazonaws.com' } });
    expect(await reason({ principal: 'sns.amazonaws.com', account: '', resourcePolicy })).toContain(
      'statement 1 of resource policy allows the action, but to s3.amazonaws.com; add sns.amazonaws.com there',
    );
  });

  test('which limit does not allow it, and which policy of another account', async () => {
    expect(await reason({ identity: [policy(send)], boundary: policy({ ...send, Action: 's3:*' }) })).toContain(
      'its limit boundary does not allow it: no statement of boundary allows it; add {"Effect": "Allow"',
    );
    expect(await reason({ identity: [policy(send)], resourceAccount: '444455556666' })).toBe(
      `${head} the resource has no policy; add {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Worker"}, ` +
        `"Action": "sqs:SendMessage", "Resource": "${QUEUE}"}`,
    );
  });

  test('which statement denies', async () => {
    expect(await reason({ identity: [policy(send, { ...send, Sid: 'Never', Effect: 'Deny' })] })).toBe(
      `${head} statement 2 ("Never") of identity 0 denies it`,
    );
  });
});

describe('the parser refuses', () => {
  const condition = (Condition: unknown) => policy({ ...send, Condition });
  const refused: [name: string, document: unknown, kind: string | null, message: string][] = [
    ['text that is no JSON', '{', null, 'document is no JSON'],
    ['a list', [], null, 'document is []; write an object with Version and Statement'],
    [
      'another version',
      { Version: '2020-01-01', Statement: [send] },
      null,
      'Version is "2020-01-01"; write 2012-10-17',
    ],
    ['no statements', { Statement: [] }, null, 'Statement is []; write a list of statements'],
    ['a key that stands twice', '{"Statement":[{"Effect":"Deny","Effect":"Allow"}]}', null, 'Effect stands twice'],
    ['an unknown element', policy({ ...send, Actions: '*' }), null, 'Statement[0].Actions is no element of a policy'],
    ['an element in another case', policy({ ...send, effect: 'Deny' }), null, 'Statement[0].effect is no element'],
    [
      'another effect',
      policy({ ...send, Effect: 'allow' }),
      null,
      'Statement[0].Effect is "allow"; write Allow or Deny',
    ],
    ['no action', policy({ Effect: 'Allow', Resource: '*' }), null, 'has neither Action nor NotAction'],
    [
      'an action without service',
      policy({ ...send, Action: 'SendMessage' }),
      null,
      'Action is SendMessage; write service:',
    ],
    ['a wildcard for services', policy({ ...send, Action: '*:Get' }), null, 'Action is *:Get; write service:'],
    ['an empty action', policy({ ...send, Action: [] }), null, 'Action is []; write a text or a list of texts'],
    ['an action and its opposite', policy({ ...send, NotAction: 's3:*' }), null, 'has both Action and NotAction'],
    ['a resource that is no ARN', policy({ ...send, Resource: 'jobs' }), null, 'Resource is jobs; write an ARN or "*"'],
    [
      'a variable in the account',
      policy({ ...send, Resource: 'arn:aws:s3::${aws:a}:b' }),
      null,
      'after the fifth colon',
    ],
    [
      'a broken variable',
      policy({ ...send, Resource: 'arn:aws:s3:::${user}' }),
      null,
      'has the variable ${user}; write',
    ],
    [
      'an open variable',
      policy({ ...send, Resource: 'arn:aws:s3:::${aws:user' }),
      null,
      'has the variable ${aws:user; write',
    ],
    [
      'an unknown operator',
      condition({ StringLikes: { 'aws:a': 'b' } }),
      null,
      'Condition.StringLikes is no condition operator',
    ],
    [
      'an unknown set',
      condition({ 'ForSome:Bool': { 'aws:a': 'b' } }),
      null,
      'Condition.ForSome:Bool is no condition operator',
    ],
    [
      'NullIfExists',
      condition({ NullIfExists: { 'aws:a': 'true' } }),
      null,
      'Condition.NullIfExists is no condition operator',
    ],
    [
      'a key without service',
      condition({ Bool: { secure: 'true' } }),
      null,
      'Condition.Bool.secure is no condition key',
    ],
    [
      'no number',
      condition({ NumericEquals: { 'aws:a': 'x' } }),
      null,
      'NumericEquals.aws:a is x, and must be a number',
    ],
    ['no date', condition({ DateEquals: { 'aws:a': '2026-02-30' } }), null, 'must be a date that exists'],
    ['no boolean', condition({ Bool: { 'aws:a': 'yes' } }), null, 'Bool.aws:a is yes, and must be true or false'],
    ['no address', condition({ IpAddress: { 'aws:a': '10.0.0' } }), null, 'must be an IP address or a range'],
    ['no Base64', condition({ BinaryEquals: { 'aws:a': '%' } }), null, 'BinaryEquals.aws:a is %, and must be Base64'],
    ['no value', condition({ StringEquals: { 'aws:a': [] } }), null, 'StringEquals.aws:a has no value'],
    ['null as a value', condition({ StringEquals: { 'aws:a': null } }), null, 'write a text, a number or a boolean'],
    [
      'a principal of an identity',
      policy({ ...send, Principal: '*' }),
      'identity',
      'Principal stands in a policy of an identity',
    ],
    [
      'an identity without resource',
      policy({ Effect: 'Allow', Action: '*' }),
      'identity',
      'has neither Resource nor NotResource',
    ],
    [
      'a resource policy without principal',
      policy(send),
      'resource',
      'Statement[0] has no Principal; add who may call',
    ],
    ['a resource in a trust policy', policy({ ...send, Principal: '*' }), 'trust', 'Resource stands in a trust policy'],
    [
      'a part of an ARN as principal',
      policy({ ...send, Principal: { AWS: 'arn:aws:iam::1:role/*' } }),
      null,
      'name an account',
    ],
    [
      'an unknown kind of principal',
      policy({ ...send, Principal: { Role: 'x' } }),
      null,
      'Principal.Role is no kind of principal',
    ],
    [
      'a service that is none',
      policy({ ...send, Principal: { Service: 'sqs' } }),
      null,
      'name a service, as events.amazonaws.com',
    ],
    ['NotPrincipal beside Allow', policy({ ...send, NotPrincipal: '*' }), null, 'NotPrincipal stands beside Allow'],
  ];
  let errors: readonly (string | null)[];

  beforeAll(async () => {
    errors = await python(
      'parse.py',
      refused.map(([, document, kind]) => [document, kind]),
      'S',
    );
  });

  test.each(refused.map(([name, , , message], index) => ({ name, message, index })))('$name', ({ message, index }) => {
    expect(errors[index]).toMatch(/^policy P: /);
    expect(errors[index]).toContain(message);
  });

  test('nothing that IAM accepts', async () => {
    const documents = [
      [
        condition({
          stringequals: { 'AWS:UserName': 'ann' },
          NumericEquals: { 's3:max-keys': 10 },
          Bool: { 'aws:a': true },
        }),
        'identity',
      ],
      [policy({ ...send, Resource: "arn:aws:s3:::in/${aws:PrincipalTag/cost center, 'a b'}/${*}" }), 'identity'],
      [{ Id: 'x', Statement: send }, 'identity'],
      [
        policy({
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { Service: 'ecs-tasks.amazonaws.com', AWS: '111122223333' },
        }),
        'trust',
      ],
      [
        policy({ ...send, Action: 'execute-api:Invoke', Resource: 'execute-api:/prod/GET/*', Principal: '*' }),
        'resource',
      ],
    ];
    expect(await python('parse.py', documents, 'S')).toEqual(documents.map(() => null));
  });
});
