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
  visible: 0,
  inFlight: 0,
  delayed: 0,
  policy: allow(rule.arn),
};
const service = {
  name: 'Unpacker',
  serviceName: 's',
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
const healthy: Status = {
  stack: 'S',
  at: '2026-11-21T00:00:00.000Z',
  rules: [rule],
  dispatchers: [dispatcher],
  consumers: [{ name: 'Ingress', mapping: 'm', source: 's', enabled: true }],
  services: [service],
  queues: [queue],
  deadLetterQueues: [{ ...queue, name: 'Jobs' }],
  oldestSeconds: {},
  unavailable: [],
  alarms: [],
};

test('finds no problems in a healthy pipeline', () => {
  expect(findingsOf(healthy)).toEqual([]);
  expect(renderStatus(healthy, [])).toContain('No problems found.');
});

test.each<[string, Partial<Status>, number, RegExp, string]>([
  [
    'a disabled rule',
    { rules: [{ ...rule, enabled: false }] },
    2,
    /rule Archives is disabled/,
    'aws events enable-rule --name S-Archives',
  ],
  ['a rule without a target', { rules: [{ ...rule, targets: [] }] }, 2, /has no target/, 'deploy the stack again'],
  [
    'a queue without a policy',
    { queues: [{ ...queue, policy: undefined }] },
    2,
    /the policy of queue Jobs does not allow rule Archives to send messages/,
    'deploy the stack again',
  ],
  [
    'a policy for another rule',
    { queues: [{ ...queue, policy: allow('arn:aws:events:r:1:rule/Other') }] },
    2,
    /does not allow rule Archives to send messages/,
    'deploy the stack again',
  ],
  [
    'a policy for another service',
    { queues: [{ ...queue, policy: allow(rule.arn, { Service: 's3.amazonaws.com' }) }] },
    2,
    /does not allow rule Archives to send messages/,
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
    /2 files blocked in type A/,
    'fileworks files list --type A --status blocked, then fileworks sequence redrive|skip',
  ],
  [
    'a parked file',
    { dispatchers: [{ ...dispatcher, byType: [{ type: 'A', files: { ...files, parked: 1 } }] }] },
    2,
    /1 file parked in type A/,
    'fileworks files list --type A --status parked, then fileworks sequence redrive|skip',
  ],
  [
    'a disabled event source mapping',
    { consumers: [{ name: 'Ingress', mapping: 'm', source: 's', enabled: false }] },
    3,
    /function Ingress receives no messages/,
    'aws lambda update-event-source-mapping --enabled --uuid m',
  ],
  [
    'suspended scaling',
    { queues: [{ ...queue, visible: 3 }], services: [{ ...service, limits: { min: 0, max: 4, suspended: true } }] },
    4,
    /scaling of Unpacker is suspended, with 3 messages visible and 0 tasks desired/,
    'fileworks resume Unpacker',
  ],
  [
    'a maximum of 0',
    { services: [{ ...service, limits: { min: 0, max: 0, suspended: false } }] },
    4,
    /cannot run tasks/,
    'fileworks scale Unpacker --max <tasks>',
  ],
  [
    'tasks that do not start',
    { services: [{ ...service, desired: 1, lastFailure: { at: '', reason: 'CannotPullContainerError' } }] },
    4,
    /fail to start or stop early: CannotPullContainerError/,
    'fix the image, its configuration or its permissions, and deploy',
  ],
  [
    'a failed deployment',
    { services: [{ ...service, deployment: { state: 'FAILED', reason: 'circuit breaker' } }] },
    4,
    /the last deployment of Unpacker failed: circuit breaker/,
    'fix the cause, and deploy',
  ],
  [
    'jobs that wait for a dependency',
    { unavailable: [{ queue: 'Jobs', dependency: 's3 orders', seconds: 420 }] },
    5,
    /^jobs of Jobs wait for s3 orders, which has been unavailable for 7 min$/,
    'they continue when it answers; https://github.com/fileworks/cdk-fileworks/blob/main/docs/operations/runbooks/dependency-unavailable.md',
  ],
  [
    'dead-letter messages',
    { deadLetterQueues: [{ ...queue, visible: 2, inFlight: 1 }] },
    8,
    /3 messages in the dead-letter queue of Jobs/,
    'fileworks rerun list Jobs, then fileworks rerun Jobs --all, or fileworks dlq purge Jobs',
  ],
  [
    'an alarm',
    { alarms: [{ alarm: 'Blocked', description: 'A file blocks', runbook: 'https://x/blocked.md' }] },
    8,
    /alarm Blocked is in ALARM: A file blocks/,
    'https://x/blocked.md',
  ],
])('finds %s, with its hop and its remedy', (_, change, hop, problem, remedy) => {
  const findings = findingsOf({ ...healthy, ...change });
  expect(findings).toEqual([{ hop, problem: expect.stringMatching(problem), remedy }]);
  expect(renderStatus({ ...healthy, ...change }, findings)).toContain(`hop ${hop}: `);
});

test.each([
  ['a list of rules', allow(['arn:aws:events:r:1:rule/Other', rule.arn])],
  ['a pattern', allow('arn:aws:events:*:1:rule/S-*')],
  ['every principal', allow(rule.arn, { AWS: '*' })],
])('accepts a policy that names %s', (_, policy) => {
  expect(findingsOf({ ...healthy, queues: [{ ...queue, policy }] })).toEqual([]);
});

test('orders findings by hop', () => {
  const suspended = { ...service, limits: { min: 0, max: 4, suspended: true } };
  const findings = findingsOf({
    ...healthy,
    rules: [{ ...rule, enabled: false }],
    deadLetterQueues: [{ ...queue, visible: 1 }],
    services: [suspended],
  });
  expect(findings.map(({ hop }) => hop)).toEqual([2, 4, 8]);
});
