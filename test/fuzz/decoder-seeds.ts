const object = {
  key: 'incoming/a/acme/0017.csv',
  size: 1_204,
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  'version-id': 'v1',
  sequencer: '0055AED6DCD90281E5',
};
const event = {
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  account: '111122223333',
  time: '2026-11-21T08:00:00Z',
  region: 'eu-west-1',
  resources: ['arn:aws:s3:::inbox'],
  detail: {
    version: '0',
    bucket: { name: 'inbox' },
    object,
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: '123456789012',
    reason: 'PutObject',
  },
};
const record = {
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventName: 'ObjectCreated:Put',
  s3: {
    bucket: { name: 'inbox' },
    object: { key: 'incoming/a+b%2Fc.csv', size: 10, eTag: 'd41d8cd9', sequencer: '0A1B2C' },
  },
};
const job = {
  fileworksJob: 1,
  type: 'load-file',
  correlationId: 'c-1',
  object: {
    bucket: 'inbox',
    key: 'orders/1.json',
    size: 10,
    etag: 'e',
    versionId: 'v',
    sequencer: '0A',
    reason: 'PutObject',
  },
  payload: { a: 1 },
};
const taskArn = 'arn:aws:ecs:eu-west-1:111122223333:task/files/0123abcd';
const task = {
  id: '9bcdac79',
  'detail-type': 'ECS Task State Change',
  source: 'aws.ecs',
  account: '111122223333',
  time: '2026-11-21T10:00:00Z',
  region: 'eu-west-1',
  resources: [taskArn],
  detail: {
    clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/files',
    taskArn,
    taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/Unpacker:3',
    group: 'service:Unpacker',
    lastStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    startedAt: '2026-11-21T09:00:00Z',
    stoppedAt: '2026-11-21T10:00:00Z',
    containers: [
      { name: 'Worker', exitCode: 1, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      { name: 'Proxy' },
    ],
    version: 5,
  },
};
const file = { id: 'f-1', url: 'https://files.example.com/1.zip', size: 10, sha256: 'ab'.repeat(32) };
const batch = {
  version: 1,
  runId: 'r',
  batchId: 'b',
  bucket: 'inbox',
  files: [{ key: 'sales/incoming/a.csv', size: 12, etag: '"e"' }],
  filing: { by: 'move', incoming: 'sales/incoming/', processed: 'sales/processed/', failed: 'sales/failed/' },
  resultKey: 'runs/r/0/results/b.json',
};
const row = { id: 1, customer: { name: 'Ada\t\n' }, tree: { id: 12_345, tree: { id: 'x' } }, total: 1.5 };
const deep = (open: string, close: string) => open.repeat(20_000) + close.repeat(20_000);

/** One of each thing that a decoder takes, and what is nested as deep as a message can be. */
export const decoderSeeds: readonly string[] = [
  event,
  { ...event, 'detail-type': 'Object Deleted', detail: { ...event.detail, 'deletion-type': 'Delete Marker Created' } },
  { Records: [record, record] },
  { Type: 'Notification', TopicArn: 'arn', Message: JSON.stringify({ Records: [record] }) },
  { Service: 'Amazon S3', Event: 's3:TestEvent' },
  job,
  { fileworksContinuation: 1, correlationId: 'c-1', body: JSON.stringify(job), state: { page: 2 }, generation: 3 },
  { ...event, source: 'app', detail: { a: 1 } },
  task,
  { ...task, detail: { ...task.detail, lastStatus: 'RUNNING' } },
  { ...task, detail: { ...task.detail, stopCode: 'TaskFailedToStart' } },
  {
    ...task,
    'detail-type': 'ECS Service Action',
    resources: ['arn:aws:ecs:eu-west-1:111122223333:service/files/Unpacker'],
    detail: {
      eventName: 'SERVICE_TASK_PLACEMENT_FAILURE',
      clusterArn: 'arn:aws:ecs:eu-west-1:1:cluster/files',
      reason: 'RESOURCE:FARGATE',
    },
  },
  { version: 1, jobIds: ['17', '18'] },
  { version: 1, jobId: '17', number: 0, file },
  file,
  batch,
  { bucket: 'results', key: 'batches/b.json', taskToken: 't' },
  { action: 'list', type: 'A', status: 'blocked', by: 'alice', limit: 10 },
  {
    action: 'reconcile',
    bucket: 'inbox',
    prefix: '',
    since: '2026-11-20T00:00:00Z',
    after: { key: 'k', version: 'v' },
  },
  { items: [{ id: 1 }, { id: 2 }], nextCursor: 'abc' },
  {
    items: [file],
    link: '</v1/jobs/1/files?page=2>; rel="next", <?page=9>; rel=last',
    status: 200,
    'retry-after': '120',
  },
  { items: [], status: 302, location: 'https://api.example.com/v1/elsewhere' },
  { items: [], status: 429 },
  [row, { ...row, id: '2' }],
  row,
]
  .map((value) => JSON.stringify(value))
  .concat(
    `${JSON.stringify(row)}\r\n${JSON.stringify(row)}\n`,
    `{"id":12345678901234567890,"customer":{"name":"\\u0000"}}`,
    'id,customer,constructor\r\n1,"Ada ""the"" first\nCountess",x\r\n2,,\n',
    '\ufeffid,__proto__,customer,constructor\n1,2,3,4\n',
    '<https://api.example.com/v1/a?b=c>; rel="next"; title*=UTF-8\'\'%e2%82%ac',
    deep('[', ']'),
    `{"id":1,"tree":${deep('{"id":1,"tree":', '}').replace(':}', ':1}')}}`,
    `{"items":[${deep('[', ']')}]}`,
    `{"fileworksJob":1,"type":"a","payload":${deep('[', ']')}}`,
    JSON.stringify({
      ...event,
      detail: { ...event.detail, object: { ...object, key: `incoming/${'-'.repeat(1_000)}.csv` } },
    }),
  );
