import { readExportEnvironment } from '../../../src/runtime/jobs/export/index.js';

const orchestrator = {
  SERVICE_MODE: 'orchestrator',
  FILEWORKS_EXPORT_NAME: 'Pipeline/Exports',
  FILEWORKS_EXPORT_JOB_TABLE: 'jobs',
  FILEWORKS_EXPORT_EVENT_BUS: 'default',
  FILEWORKS_DOWNLOAD_QUEUES: JSON.stringify([
    { exportQueueUrl: 'https://sqs/1/jobs', downloadQueueUrl: 'https://sqs/1/tasks' },
    { exportQueueUrl: 'https://sqs/1/jobs-high', downloadQueueUrl: 'https://sqs/1/tasks-high' },
  ]),
};
const worker = {
  SERVICE_MODE: 'worker',
  FILEWORKS_EXPORT_NAME: 'Pipeline/Exports',
  FILEWORKS_EXPORT_API_URL: 'https://api.example.com/',
  FILEWORKS_EXPORT_API_REQUESTS_PER_SECOND: '2.5',
  FILEWORKS_EXPORT_DOWNLOAD_ORIGINS: ' https://a.example.com  https://b.example.com',
  FILEWORKS_EXPORT_JOB_TABLE: 'jobs',
  FILEWORKS_EXPORT_EVENT_BUS: 'default',
  FILEWORKS_METADATA_TABLE: 'metadata',
  FILEWORKS_OUTPUT_BUCKET: 'results',
  FILEWORKS_OUTPUT_PREFIX: 'exports/',
};

it('keeps the priority of a job for its download tasks', () => {
  const { mode, downloadQueueUrl } = readExportEnvironment(orchestrator);
  expect(mode).toBe('orchestrator');
  expect([downloadQueueUrl('jobs'), downloadQueueUrl('jobs-high')]).toEqual([
    'https://sqs/1/tasks',
    'https://sqs/1/tasks-high',
  ]);
  expect(() => downloadQueueUrl('other')).toThrow(
    'Expected a queue that `FILEWORKS_DOWNLOAD_QUEUES` names, got: other',
  );
});

it('knows what a worker needs', () => {
  expect(readExportEnvironment(worker)).toMatchObject({
    mode: 'worker',
    name: 'Pipeline/Exports',
    apiUrl: 'https://api.example.com/',
    apiRequestsPerSecond: 2.5,
    jobTableName: 'jobs',
    eventBusName: 'default',
    metadataTableName: 'metadata',
    outputBucket: 'results',
    outputPrefix: 'exports/',
  });
});

it('throws with every problem, by variable', () => {
  const env = {
    ...worker,
    FILEWORKS_EXPORT_API_URL: 'api',
    FILEWORKS_EXPORT_API_REQUESTS_PER_SECOND: '0',
    FILEWORKS_METADATA_TABLE: ' ',
  };
  expect(() => readExportEnvironment(env)).toThrow(
    expect.objectContaining({
      problems: [
        'expected `FILEWORKS_EXPORT_API_URL` to be a URL, got: api',
        'expected `FILEWORKS_EXPORT_API_REQUESTS_PER_SECOND` to be a number of more than 0, got: 0',
        'expected `FILEWORKS_METADATA_TABLE` to be the name of a table, but it is not set; ExportOrchestrator sets it',
      ],
    }) as Error,
  );
});

it.each([['[{"exportQueueUrl":"jobs"}]'], ['null'], ['{'], ['[null]']])(
  'throws for the download queues %s',
  (queues) => {
    expect(() => readExportEnvironment({ ...orchestrator, FILEWORKS_DOWNLOAD_QUEUES: queues })).toThrow(
      expect.objectContaining({
        problems: [
          'expected `FILEWORKS_DOWNLOAD_QUEUES` to be a JSON array of objects with `exportQueueUrl` and `downloadQueueUrl`',
        ],
      }) as Error,
    );
  },
);

it('throws for another mode', () => {
  expect(() => readExportEnvironment({ ...worker, SERVICE_MODE: 'both' })).toThrow(
    expect.objectContaining({
      problems: ['expected `SERVICE_MODE` to be one of orchestrator, worker, got: both'],
    }) as Error,
  );
});
