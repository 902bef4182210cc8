import { findingsOf } from '../../src/status/findings';
import { renderStatus } from '../../src/status/render';
import type { Status } from '../../src/status/status';

const rule = {
  name: 'Archives',
  rule: 'S-Archives',
  arn: 'arn:aws:events:r:1:rule/S-Archives',
  enabled: true,
  buckets: ['in'],
  targets: ['arn:aws:sqs:r:1:jobs'],
  pattern: '{}',
};
const allow = (sources: string | string[], principal: object = { Service: 'events.amazonaws.com' }) =>
  JSON.stringify({
    Statement: [
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'sqs:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Effect: 'Allow',
        Principal: principal,
        Action: ['sqs:SendMessage', 'sqs:GetQueueUrl'],
        Condition: { ArnEquals: { 'aws:SourceArn': sources } },
      },
    ],
  });
const queue = {
  name: 'Jobs',
  url: 'u',
  arn: 'arn:aws:sqs:r:1:jobs',
  waiting: 0,
  inWork: 0,
  delayed: 0,
  policy: allow(rule.arn),
};
const worker = {
  name: 'Unpacker',
  service: 's',
  cluster: 'c',
  resourceId: 'service/c/s',
  queueUrls: ['u'],
  desired: 0,
  running: 0,
  pending: 0,
  limits: { min: 0, max: 4, suspended: false },
  activities: [],
};
const files = { queued: 0, starting: 0, running: 0, waiting: 0, blocked: 0, parked: 0 };
const dispatcher = { name: 'Dispatcher', functionName: 'f', types: ['A'], byType: [{ type: 'A', files }], paused: {} };
const well: Status = {
  stack: 'S',
  at: '2026-11-21T00:00:00.000Z',
  rules: [rule],
  dispatchers: [dispatcher],
  consumers: [{ name: 'Ingress', mapping: 'm', source: 's', enabled: true }],
  workers: [worker],
  work: [queue],
  deadLetters: [{ ...queue, name: 'Jobs' }],
  oldestSeconds: {},
  ringing: [],
};

test('nothing is wrong where nothing is', () => {
  expect(findingsOf(well)).toEqual([]);
  expect(renderStatus(well, [])).toContain('Nothing is wrong that can be seen from here.');
});

test.each<[string, Partial<Status>, number, RegExp, string]>([
  [
    'a rule that is disabled',
    { rules: [{ ...rule, enabled: false }] },
    2,
    /rule Archives is disabled/,
    'aws events enable-rule --name S-Archives',
  ],
  ['a rule without a target', { rules: [{ ...rule, targets: [] }] }, 2, /has no target/, 'deploy the stack again'],
  [
    'a queue without a policy',
    { work: [{ ...queue, policy: undefined }] },
    2,
    /the policy of queue Jobs does not let rule Archives send/,
    'deploy the stack again',
  ],
  [
    'a policy for another rule',
    { work: [{ ...queue, policy: allow('arn:aws:events:r:1:rule/Other') }] },
    2,
    /does not let rule Archives send/,
    'deploy the stack again',
  ],
  [
    'a policy for another service',
    { work: [{ ...queue, policy: allow(rule.arn, { Service: 's3.amazonaws.com' }) }] },
    2,
    /does not let rule Archives send/,
    'deploy the stack again',
  ],
  [
    'a pause',
    { dispatchers: [{ ...dispatcher, paused: { 'A/x; y': { since: 0, reason: 'why' } } }] },
    2,
    /^A\/x; y of Dispatcher has been paused since 1970-01-01T00:00:00.000Z: why$/,
    "fileworks sequence resume 'A/x; y'",
  ],
  [
    'a blocked file',
    { dispatchers: [{ ...dispatcher, byType: [{ type: 'A', files: { ...files, blocked: 2 } }] }] },
    2,
    /2 blocked in type A/,
    'fileworks files list --type A --status blocked, then fileworks sequence redrive|skip',
  ],
  [
    'a parked file',
    { dispatchers: [{ ...dispatcher, byType: [{ type: 'A', files: { ...files, parked: 1 } }] }] },
    2,
    /1 parked in type A/,
    'fileworks files list --type A --status parked, then fileworks sequence redrive|skip',
  ],
  [
    'a function that takes nothing',
    { consumers: [{ name: 'Ingress', mapping: 'm', source: 's', enabled: false }] },
    3,
    /function Ingress takes nothing/,
    'aws lambda update-event-source-mapping --enabled --uuid m',
  ],
  [
    'suspended scaling',
    { work: [{ ...queue, waiting: 3 }], workers: [{ ...worker, limits: { min: 0, max: 4, suspended: true } }] },
    4,
    /scaling of Unpacker is suspended, with 3 waiting and 0 tasks wanted/,
    'fileworks resume Unpacker',
  ],
  [
    'a maximum of 0',
    { workers: [{ ...worker, limits: { min: 0, max: 0, suspended: false } }] },
    4,
    /may have no task/,
    'fileworks scale Unpacker --max <tasks>',
  ],
  [
    'tasks that do not start',
    { workers: [{ ...worker, desired: 1, lastFailure: { at: '', reason: 'CannotPullContainerError' } }] },
    4,
    /do not start or do not last: CannotPullContainerError/,
    'mend the image, its settings or its permissions, and deploy',
  ],
  [
    'a failed deployment',
    { workers: [{ ...worker, deployment: { state: 'FAILED', reason: 'circuit breaker' } }] },
    4,
    /the last deployment of Unpacker failed: circuit breaker/,
    'mend what was deployed, and deploy',
  ],
  [
    'dead letters',
    { deadLetters: [{ ...queue, waiting: 2, inWork: 1 }] },
    8,
    /3 in the dead-letter queue of Jobs/,
    'fileworks dlq show Jobs, then fileworks dlq redrive|purge Jobs',
  ],
  [
    'an alarm',
    { ringing: [{ alarm: 'Blocked', description: 'A file blocks', runbook: 'https://x/blocked.md' }] },
    8,
    /alarm Blocked rings: A file blocks/,
    'https://x/blocked.md',
  ],
])('%s is found, with its hop and its remedy', (_, change, hop, problem, remedy) => {
  const findings = findingsOf({ ...well, ...change });
  expect(findings).toEqual([{ hop, problem: expect.stringMatching(problem), remedy }]);
  expect(renderStatus({ ...well, ...change }, findings)).toContain(`hop ${hop}: `);
});

test.each([
  ['a list of rules', allow(['arn:aws:events:r:1:rule/Other', rule.arn])],
  ['a pattern', allow('arn:aws:events:*:1:rule/S-*')],
  ['everybody', allow(rule.arn, { AWS: '*' })],
])('a policy that names %s lets it send', (_, policy) => {
  expect(findingsOf({ ...well, work: [{ ...queue, policy }] })).toEqual([]);
});

test('what is wrong comes in the order of the hops', () => {
  const suspended = { ...worker, limits: { min: 0, max: 4, suspended: true } };
  const findings = findingsOf({
    ...well,
    rules: [{ ...rule, enabled: false }],
    deadLetters: [{ ...queue, waiting: 1 }],
    workers: [suspended],
  });
  expect(findings.map(({ hop }) => hop)).toEqual([2, 4, 8]);
});
