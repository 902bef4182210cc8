import { BATCH_EVENT_SOURCE, type BatchEvent } from '../../src/contract/batch';
import { EXPORT_EVENT_SOURCE, type ExportJobEvent } from '../../src/contract/export-contract';
import { delivered, eventSchemas, expectToFitItsSchema, publishedProblems } from '../support/event-schemas';

const job: ExportJobEvent = {
  version: 1,
  jobId: '17',
  correlationId: 'c',
  service: 'Stack/Exports',
  files: { known: 3, done: 2, failed: 1 },
  bytes: 5,
};
const batch: BatchEvent = {
  version: 1,
  runId: 'run',
  bucket: 'in',
  prefix: '',
  status: 'succeeded',
  files: { total: 3, processed: 2, failed: 0, skipped: 1, unmarked: 0 },
  bytes: 5,
  batches: { total: 1, failed: 0 },
  startedAt: '2026-11-21T10:00:00.000Z',
  durationSeconds: 4,
  manifest: { bucket: 'results', key: 'manifest.json' },
};

const complete: readonly (readonly [string, string, Record<string, unknown>])[] = [
  ['Export Job Progress', EXPORT_EVENT_SOURCE, { ...job }],
  ['Export Job Completed', EXPORT_EVENT_SOURCE, { ...job }],
  ['Export Job Failed', EXPORT_EVENT_SOURCE, { ...job, reason: 'ERR_EXPORT_JOB_UNKNOWN' }],
  ['Batch Run Succeeded', BATCH_EVENT_SOURCE, { ...batch }],
  ['Batch Run Failed', BATCH_EVENT_SOURCE, { ...batch, status: 'failed', error: 'States.Timeout' }],
];

const omit = (object: object, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

test('there is a case for each schema', () => {
  expect(complete.map(([type]) => type)).toEqual(Object.keys(eventSchemas));
});

describe.each(complete)('%s', (type, source, detail) => {
  const problemsOf = (event: Record<string, unknown>) => publishedProblems[type](event);
  const optional = ['service', 'error'];

  test('an event with everything fits', () => {
    expect(problemsOf(delivered(source, type, detail))).toEqual([]);
    expectToFitItsSchema(delivered(source, type, detail));
  });

  test.each(Object.keys(detail))('%s is missed when it is required, and checked when it is there', (name) => {
    const without = omit(detail, name);
    expect(problemsOf(delivered(source, type, without)).length > 0).toBe(!optional.includes(name));
    expect(problemsOf(delivered(source, type, { ...detail, [name]: null }))).not.toEqual([]);
  });

  test.each(['files.failed', 'manifest.key', 'batches.total'].filter((path) => path.split('.')[0] in detail))(
    '%s is required inside',
    (path) => {
      const [outer, inner] = path.split('.');
      const without = omit(detail[outer] as object, inner);
      expect(problemsOf(delivered(source, type, { ...detail, [outer]: without }))).not.toEqual([]);
    },
  );

  test('readers pass over what they do not know, and our events have nothing of the kind', () => {
    expect(problemsOf(delivered(source, type, { ...detail, later: 1 }))).toEqual([]);
    expect(() => expectToFitItsSchema(delivered(source, type, { ...detail, later: 1 }))).toThrow('later');
    expect(() =>
      expectToFitItsSchema(delivered(source, type, { ...detail, files: { ...(detail['files'] as object), later: 1 } })),
    ).toThrow('later');
  });

  test('is of no other source, and no other event', () => {
    expect(problemsOf(delivered('somebody', type, detail))).not.toEqual([]);
    expect(problemsOf(delivered(source, 'Object Created', detail))).not.toEqual([]);
    expect(problemsOf(delivered(source, type, { ...detail, version: 2 }))).not.toEqual([]);
  });
});

test('only a failed job has a reason', () => {
  for (const type of ['Export Job Progress', 'Export Job Completed']) {
    expect(() => expectToFitItsSchema(delivered(EXPORT_EVENT_SOURCE, type, { ...job, reason: 'ERR_X' }))).toThrow(
      'reason',
    );
  }
});
