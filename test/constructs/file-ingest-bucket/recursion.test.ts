import { CfnParameter, Stack } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import * as s3 from 'aws-cdk-lib/aws-s3';
import {
  ExportOrchestrator,
  FileIngestBucket,
  IngestRoute,
  IngestTarget,
  ObjectFargateTask,
  type IngestRouteOptions,
} from '../../../src';
import { createTestApp, createWorker, image } from '../../support/cdk-stacks';
import { createDispatcher } from '../typed-dispatcher/support';

/** A worker that processes the objects of a route and stores results in the same bucket. */
function store(prefix: string | undefined, options: Omit<IngestRouteOptions, 'target'>): void {
  const test = createTestApp();
  const worker = createWorker(test);
  const inbox = new FileIngestBucket(test.stack, 'Inbox');
  inbox.addRoute('Files', { ...options, target: IngestTarget.worker(worker) });
  worker.grantStoreResults(inbox.bucket, prefix);
}

const message = (below: string, routes: string) =>
  `results below ${below} can match ${routes}, whose objects start the work that stores them, so work would start again without end; store results in another bucket or ` +
  'below a prefix that the route does not match, or set allowRecursion on the route if its results never match it or the recursion ends';

describe('Results in the bucket of a route to the same worker', () => {
  it.each<[string | undefined, Omit<IngestRouteOptions, 'target'>, string]>([
    ['in/done/', { prefixes: ['in/'] }, '"in/done/"'],
    ['in', { prefixes: ['in/'] }, '"in"'],
    [undefined, { prefixes: ['in/'] }, 'any prefix'],
    ['out/', {}, '"out/"'],
    ['out/', { suffixes: ['.csv'] }, '"out/"'],
    ['out/', { excludeKeyPatterns: ['done/*'] }, '"out/"'],
    ['out/', { keyPatterns: ['*/new/*'] }, '"out/"'],
  ])('throws below %p with the conditions %j', (prefix, options, below) => {
    expect(() => store(prefix, options)).toThrow(
      new Error(`${message(below, 'Pipeline/Inbox/Files')} [at Pipeline/Worker]`),
    );
  });

  it.each<[string, Omit<IngestRouteOptions, 'target'>]>([
    ['out/', { prefixes: ['in/'] }],
    ['done/', { excludeKeyPatterns: ['done/*'] }],
    ['out/', { keyPatterns: ['in/*.csv'] }],
    ['in/', { prefixes: ['in/'], suffixes: ['.zip'], allowRecursion: true }],
  ])('are accepted below %p with the conditions %j', (prefix, options) => {
    expect(() => {
      store(prefix, options);
    }).not.toThrow();
  });

  it('are accepted if the prefix is a token, whose value is unknown', () => {
    const test = createTestApp();
    const worker = createWorker(test);
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const { valueAsString } = new CfnParameter(test.stack, 'Prefix');
    inbox.addRoute('Files', { prefixes: ['in/'], target: IngestTarget.worker(worker) });
    inbox.addRoute('More', { prefixes: [valueAsString], target: IngestTarget.worker(worker) });
    worker.grantStoreResults(inbox.bucket, `${valueAsString}/`);
    expect(() => worker.grantStoreResults(inbox.bucket, 'out/')).not.toThrow();
  });
});

describe('A loop is found', () => {
  it('when the route is added after the results', () => {
    const test = createTestApp();
    const worker = createWorker(test);
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    worker.grantStoreResults(inbox.bucket, 'in/done/');
    expect(() => inbox.addRoute('Files', { prefixes: ['in/'], target: IngestTarget.worker(worker) })).toThrow(
      `${message('"in/done/"', 'Pipeline/Inbox/Files')} [at Pipeline/Inbox/Files]`,
    );
  });

  it('through several routes and buckets, and not without the last one', () => {
    const test = createTestApp();
    const [first, second, third] = ['First', 'Second', 'Third'].map((id) => createWorker(test, {}, id));
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const archive = new FileIngestBucket(test.stack, 'Archive');
    inbox.addRoute('One', { prefixes: ['one/'], target: IngestTarget.worker(first) });
    archive.addRoute('Two', { prefixes: ['two/'], target: IngestTarget.worker(second) });
    inbox.addRoute('Three', { prefixes: ['three/'], target: IngestTarget.worker(third) });
    first.grantStoreResults(archive.bucket, 'two/');
    second.grantStoreResults(inbox.bucket, 'three/');
    third.grantStoreResults(archive.bucket, 'out/');
    expect(() => third.grantStoreResults(inbox.bucket, 'one/results/')).toThrow(
      message('"one/results/"', 'Pipeline/Inbox/One and then Pipeline/Archive/Two and then Pipeline/Inbox/Three'),
    );
  });

  it('for a bucket that is imported twice', () => {
    const test = createTestApp();
    const worker = createWorker(test);
    const [bucket, again] = ['A', 'B'].map((id): IBucket => s3.Bucket.fromBucketName(test.stack, id, 'files'));
    new FileIngestBucket(test.stack, 'Inbox', { bucket }).addRoute('All', { target: IngestTarget.worker(worker) });
    expect(() => worker.grantStoreResults(again)).toThrow(message('any prefix', 'Pipeline/Inbox/All'));
  });

  it('for the consumer of a queue, which reads the objects of the route', () => {
    const test = createTestApp();
    const worker = createWorker(test);
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const route = inbox.addRoute('All', { target: IngestTarget.existingQueue(worker.queue) });
    worker.grantStoreResults(inbox.bucket, 'out/');
    expect(() => route.grantRead(worker)).toThrow(message('"out/"', 'Pipeline/Inbox/All'));
  });

  it('for a task of each object, for a route in another stack', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(new Stack(test.app, 'Storage'), 'Inbox');
    const task = new ObjectFargateTask(test.stack, 'Task', { cluster: test.cluster, image });
    new IngestRoute(test.stack, 'Files', { source: inbox, target: IngestTarget.fargateTask(task) });
    expect(() => task.grantStoreResults(inbox.bucket)).toThrow(message('any prefix', 'Pipeline/Files'));
  });

  it('for the workers of a dispatcher', () => {
    const fixture = createDispatcher();
    const { dispatcher } = fixture;
    const inbox = new FileIngestBucket(fixture.stack, 'Inbox');
    inbox.addRoute('Files', { prefixes: ['in/'], target: IngestTarget.dispatcher(dispatcher) });
    dispatcher.grantStoreResults(inbox.bucket, 'in/');
    expect(() => {
      fixture.add('A');
    }).toThrow(message('"in/"', 'Pipeline/Inbox/Files'));
  });

  it('for a bucket of a dispatcher', () => {
    const fixture = createDispatcher();
    const inbox = new FileIngestBucket(fixture.stack, 'Inbox');
    fixture.dispatcher.addBucket('Files', inbox, 'in/');
    fixture.add('A');
    fixture.dispatcher.grantStoreResults(inbox.bucket, 'out/');
    expect(() => {
      fixture.dispatcher.grantStoreResults(inbox.bucket, 'in/done/');
    }).toThrow(message('"in/done/"', 'Pipeline/Dispatcher/FilesSource'));
  });

  it('for an export', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const exports = new ExportOrchestrator(test.stack, 'Exports', {
      cluster: test.cluster,
      image,
      outputBucket: inbox.bucket,
      outputPrefix: 'exports/',
    });
    const worker = createWorker(test);
    expect(() => inbox.addRoute('Exported', { target: IngestTarget.worker(worker) })).not.toThrow();
    expect(() => inbox.addRoute('Again', { target: IngestTarget.worker(exports.downloader) })).toThrow(
      message('"exports/"', 'Pipeline/Inbox/Again'),
    );
  });
});
