import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Upload } from '@aws-sdk/lib-storage';
import { Client } from 'pg';
import type { BatchEvent, BatchManifest, BatchResult } from '../../src/contract/batch';
import { privilegeFindings } from '../least-privilege/findings';
import { expectToFitItsSchema } from '../support/event-schemas';
import { peakKiBOf } from '../support/peak-memory';
import { type PostgresServer, startPostgres } from '../support/postgres-server';
import { unusedByRuns, unusedWithoutOutage } from './support/batch-executions';
import { type CsvFile, csvFile } from './support/csv-files';
import { type Cloud, nameOf, patience as patienceOfCloud, test, testLocally } from './support/clouds/cloud';
import { deploymentOf, until } from './support/deployment';
import { loseAnEventOfEach } from './support/lost-events';
import { createQueueFor } from './support/queue';

const root = resolve(__dirname, '..', '..');
const app = resolve(root, 'build', 'e2e', 'csv-batch');
/**
 * Small in the gate; `FILEWORKS_BATCH_FILES=5000 FILEWORKS_BATCH_ROWS=17000000` for 5,000 files and one of 1 GB;
 * 34000000 for one of 1.9 GB.
 */
const smallFiles = Number(process.env.FILEWORKS_BATCH_FILES ?? 120);
const largeRows = Number(process.env.FILEWORKS_BATCH_ROWS ?? 100_000);
const patience = 120 + smallFiles / 5 + largeRows / 20_000;

/** A file keeps its tags when it is moved. */
const TAGS = 'supplier=acme%20%26%20co';

describe('csv-batch', () => {
  let cloud: Cloud;
  /** Tasks of an account do not reach it. */
  let postgres: PostgresServer | undefined;
  let s3: S3Client;
  let sqs: SQSClient;
  let outputs: Readonly<Record<string, string>>;
  let eventsUrl: string;
  const events: BatchEvent[] = [];
  const files: CsvFile[] = [];
  /** Peak memory of each process of a task, in MiB. */
  const peaks = new Map<number, number>();
  const meter = setInterval(() => {
    const running =
      (cloud as Cloud | undefined)?.local?.tasks().filter(({ lastStatus }) => lastStatus === 'RUNNING') ?? [];
    for (const { pid } of running.flatMap((task) => task.processes)) {
      const peak = pid === undefined ? undefined : peakKiBOf(pid);
      if (pid !== undefined && peak !== undefined) {
        peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peak / 1_024));
      }
    }
  }, 500);

  beforeAll(
    async () => {
      cloud = await deploymentOf('csv-batch');
      outputs = cloud.outputs('CsvBatch');
      s3 = new S3Client(cloud.clientConfig());
      sqs = new SQSClient(cloud.clientConfig());
      if (cloud.local) {
        postgres = await startDatabase();
      }
      eventsUrl = await listen();
      files.push(csvFile('large.csv', 7, largeRows));
      for (let seed = 1; seed <= smallFiles; seed += 1) {
        files.push(csvFile(`day ${seed % 7}/ü+&%41 ${seed}.csv`, seed, 40 + (seed % 300)));
      }
      for (const file of files) {
        await new Upload({
          client: s3,
          params: {
            Bucket: outputs.InboxBucket,
            Key: `orders/incoming/${file.name}`,
            Body: file.body(),
            Tagging: TAGS,
          },
        }).done();
      }
      // Two invalid files, and a folder marker
      await put('orders/incoming/bad header.csv', 'id,customer\n1,a\n');
      await put(
        'orders/incoming/latin.csv',
        Buffer.concat([
          Buffer.from('id,customer,placed_at,amount,currency\n1,'),
          Buffer.from([0xe9]),
          Buffer.from(',x,y,z\n'),
        ]),
      );
      await Promise.all([put('orders/incoming/day 1/', ''), put('orders/incoming/empty.csv', '')]);
    },
    (240_000 + largeRows / 20) * patienceOfCloud,
  );

  afterAll(async () => {
    clearInterval(meter);
    await Promise.all([(cloud as Cloud | undefined)?.stop(), postgres?.stop()]);
  }, 60_000);

  /** A database with the table of the orders, whose address is in the secret of the deployment. */
  async function startDatabase(): Promise<PostgresServer> {
    const server = await startPostgres();
    const database = new Client(server.connectionString);
    await database.connect();
    await database.query(readFileSync(resolve(root, 'examples', 'worker', 'csv-batch', 'schema.sql'), 'utf8'));
    await database.end();
    const secrets = new SecretsManagerClient(cloud.clientConfig());
    await secrets.send(
      new PutSecretValueCommand({ SecretId: outputs.DatabaseUrlSecret, SecretString: server.connectionString }),
    );
    return server;
  }

  const put = (Key: string, content: string | Buffer) =>
    s3.send(
      new PutObjectCommand({
        Bucket: outputs.InboxBucket,
        Key,
        Body: Buffer.from(content as string),
        Tagging: TAGS,
      }),
    );
  const keys = async (Bucket: string, Prefix: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
      found.push(...Contents.map(({ Key = '' }) => Key.slice(Prefix.length)));
    }
    return found;
  };
  const read = async (Bucket: string, Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!;
  const json = async <T>(Bucket: string, Key: string) =>
    JSON.parse(await (await read(Bucket, Key)).transformToString()) as T;
  const sha256 = async (Bucket: string, Key: string) => {
    const hash = createHash('sha256');
    for await (const piece of (await read(Bucket, Key)) as AsyncIterable<Buffer>) {
      hash.update(piece);
    }
    return hash.digest('hex');
  };
  const lines = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  /** A queue with the events that the workflows send. */
  async function listen(): Promise<string> {
    const { url, arn } = await createQueueFor(sqs, nameOf('batch-events'), 'events.amazonaws.com');
    const rule = nameOf('batch-events');
    const bus = new EventBridgeClient(cloud.clientConfig());
    await bus.send(new PutRuleCommand({ Name: rule, EventPattern: JSON.stringify({ source: ['fileworks.batches'] }) }));
    await bus.send(new PutTargetsCommand({ Rule: rule, Targets: [{ Id: 'queue', Arn: arn }] }));
    return url;
  }

  const eventOf = (what: string, seconds: number, is: (event: BatchEvent) => boolean) =>
    until(what, seconds, async () => {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: eventsUrl, MaxNumberOfMessages: 10 }),
      );
      for (const { Body: body = '', ReceiptHandle } of messages) {
        const event = JSON.parse(body) as Record<string, unknown> & { readonly detail: BatchEvent };
        expectToFitItsSchema(event);
        events.push(event.detail);
        await sqs.send(new DeleteMessageCommand({ QueueUrl: eventsUrl, ReceiptHandle }));
      }
      return events.find(is);
    });

  const start = async (stateMachineArn: string, input: object): Promise<string> => {
    const { executionArn = '' } = await new SFNClient(cloud.clientConfig()).send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    return executionArn;
  };
  const endOf = (executionArn: string, seconds: number) =>
    until('the end of a run', seconds, async () => {
      const { status, cause } = await new SFNClient(cloud.clientConfig()).send(
        new DescribeExecutionCommand({ executionArn }),
      );
      return status === 'RUNNING' ? undefined : { status, cause };
    });

  test(
    'works on every file once, whatever is killed and however often a run is started',
    async () => {
      // Twice, as S3 may send its event
      await put('orders/incoming/_READY', '');
      await put('orders/incoming/_READY', '');
      // In the middle of batches: each of them has some results
      const started = await until('running batches', 60, async () => {
        const results = await Promise.all(
          (await keys(outputs.OrdersResults, 'runs/'))
            .filter((key) => key.includes('/results/'))
            .map((key) => json<BatchResult>(outputs.OrdersResults, `runs/${key}`)),
        );
        const open = new Set(
          results.filter(({ complete, files: done }) => !complete && done.length > 0).map(({ batchId }) => batchId),
        );
        const running = (await cloud.tasks()).filter(
          ({ lastStatus, taskArn }) => lastStatus === 'RUNNING' && taskArn !== '',
        );
        return open.size > 0 && running.length > 0 ? running : undefined;
      });
      // ECS kills no task without SIGTERM
      const killed = cloud.local ? started.slice(0, 2).map(({ taskArn }) => taskArn) : [];
      for (const taskArn of killed) {
        cloud.local?.faults.kill(taskArn);
      }
      const event = await eventOf(
        'the event of the first run',
        patience,
        ({ prefix, files: { total } }) => prefix === 'orders/' && total > 0,
      );
      for (const taskArn of killed) {
        expect(
          (
            await until('the end of a killed task', 20, async () =>
              (await cloud.tasks()).find((task) => task.taskArn === taskArn && task.lastStatus === 'STOPPED'),
            )
          ).containers[0]?.exitCode,
        ).toBe(137);
      }
      const total = files.length + 2;
      expect(event).toMatchObject({
        version: 1,
        prefix: 'orders/',
        status: 'succeeded',
        files: { total, processed: total - 2, failed: 2, skipped: 0 },
        batches: { failed: 0 },
      });
      const {
        batches: { total: batches },
        manifest,
      } = event;
      const { results } = await json<BatchManifest>(manifest.bucket, manifest.key);
      expect([results.length, results.every(({ complete }) => complete)]).toEqual([batches, true]);
      const outcomes = (
        await Promise.all(results.map(({ resultKey }) => json<BatchResult>(manifest.bucket, resultKey)))
      ).flatMap(({ files: done }) => done);
      expect(new Set(outcomes.map(({ key }) => key)).size).toBe(total);
    },
    (patience + 120) * 1_000,
  );

  test(
    'stores every clean row, and for every other one its line and its reason',
    async () => {
      const stored = new Set(await keys(outputs.CleanBucket, 'clean/'));
      expect([...stored].sort()).toEqual(files.map(({ name }) => `${name.slice(0, -4)}.jsonl`).sort());
      for (const { name, sha256: expected, rejects } of files) {
        const path = `${name.slice(0, -4)}.jsonl`;
        expect([name, await sha256(outputs.CleanBucket, `clean/${path}`)]).toEqual([name, expected]);
        const rejected = lines(await (await read(outputs.CleanBucket, `rejects/${path}`)).transformToString());
        expect(rejected.map(({ line }) => line)).toEqual(rejects);
        expect(rejected.every(({ reason }) => /columns length/i.test(reason as string))).toBe(true);
      }
    },
    (30 + patience) * 1_000,
  );

  testLocally('an account does not show the memory of a process')(
    'uses no more memory than its tasks have, for a file of any size',
    () => {
      const { Resources } = JSON.parse(readFileSync(resolve(app, 'CsvBatch.template.json'), 'utf8')) as {
        Resources: Record<string, { Type: string; Properties: { Memory: string } }>;
      };
      const [task] = Object.values(Resources).filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition');
      const most = Math.max(...peaks.values());
      process.stdout.write(
        `${peaks.size} processes of tasks had ${most.toFixed(0)} MiB at most, with a file of ${largeRows} rows\n`,
      );
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThan(Number(task.Properties.Memory));
    },
    5_000,
  );

  test('moves files by their outcome, and leaves what is not a file', async () => {
    expect(await keys(outputs.InboxBucket, 'orders/incoming/')).toEqual(['_READY', 'day 1/', 'empty.csv']);
    expect((await keys(outputs.InboxBucket, 'orders/processed/')).sort()).toEqual(files.map(({ name }) => name).sort());
    expect((await keys(outputs.InboxBucket, 'orders/failed/')).sort()).toEqual(['bad header.csv', 'latin.csv']);
    const {
      manifest: { bucket, key },
    } = events.find(({ prefix, files: { total } }) => prefix === 'orders/' && total > 0)!;
    const failed = lines(await (await read(bucket, key.replace('manifest.json', 'failed.jsonl'))).transformToString());
    expect(new Map(failed.map(({ key: file, reason }) => [file, reason]))).toEqual(
      new Map([
        ['orders/incoming/bad header.csv', 'the header has no column placed_at, amount, currency'],
        ['orders/incoming/latin.csv', 'the file is not UTF-8'],
      ]),
    );
  }, 60_000);

  test('fails a run with too many failed files, and names its prefix', async () => {
    await Promise.all([
      put('returns/incoming/a.csv', 'nothing\n'),
      put('returns/incoming/b.csv', 'id,customer,placed_at,amount,currency\n'),
    ]);
    // The run of the marker's second event waited for the first one, and found no files
    expect(
      await eventOf('its event', 120, ({ prefix, files: { total } }) => prefix === 'orders/' && total === 0),
    ).toMatchObject({ status: 'succeeded' });
    const run = await start(outputs.OrdersMachine, { prefixes: ['returns/'] });
    expect(await endOf(run, 120)).toEqual({
      status: 'FAILED',
      cause: 'Prefixes whose files failed, or could not be found: returns/',
    });
    expect(await eventOf('its event', 20, ({ prefix }) => prefix === 'returns/')).toMatchObject({
      status: 'failed',
      files: { total: 2, processed: 1, failed: 1 },
    });
  }, 240_000);

  testLocally('tasks of an account do not reach the database of the test')(
    'loads files into PostgreSQL once, also duplicates',
    async () => {
      const history = files.slice(1, 21);
      const upload = () =>
        Promise.all(
          history.map((file) =>
            new Upload({
              client: s3,
              params: {
                Bucket: outputs.InboxBucket,
                Key: `history/incoming/${file.name}`,
                Body: file.body(),
                Tagging: TAGS,
              },
            }).done(),
          ),
        );
      const database = new Client(postgres!.connectionString);
      await database.connect();
      await put('history/incoming/bad.csv', 'nothing\n');
      for (const status of ['FAILED', 'SUCCEEDED']) {
        await upload();
        expect(await endOf(await start(outputs.HistoryMachine, {}), 120)).toMatchObject({ status });
      }
      expect(await keys(outputs.InboxBucket, 'history/failed/')).toEqual(['bad.csv']);
      // Each file's rows in their order, as the JSON Lines of its clean file
      const { rows: orders } = await database.query<
        Record<'id' | 'customer' | 'placed_at' | 'amount' | 'currency', string>
      >(
        `SELECT id::text, customer, to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS placed_at, amount::text, currency FROM orders ORDER BY orders.id`,
      );
      await database.end();
      expect(orders).toHaveLength(history.reduce((sum, file) => sum + file.rows, 0));
      const sums = new Map<number, ReturnType<typeof createHash>>();
      for (const { id, customer, placed_at, amount, currency } of orders) {
        const seed = Math.floor(Number(id) / 1_000_000);
        if (!sums.has(seed)) {
          sums.set(seed, createHash('sha256'));
        }
        sums.get(seed)!.update(`${JSON.stringify({ id, customer, placed_at, amount, currency })}\n`);
      }
      expect([...sums.values()].map((sum) => sum.digest('hex'))).toEqual(history.map((file) => file.sha256));
    },
    240_000,
  );

  test('moved files keep their tags', async () => {
    for (const folder of ['orders/processed/', ...(cloud.local ? ['history/processed/'] : [])]) {
      const { TagSet: tags } = await s3.send(
        new GetObjectTaggingCommand({ Bucket: outputs.InboxBucket, Key: `${folder}${files[1].name}` }),
      );
      expect(tags).toEqual([{ Key: 'supplier', Value: 'acme & co' }]);
    }
  }, 30_000);

  testLocally('it injects faults')(
    'an event that a target refuses is in its dead-letter queue',
    async () => {
      expect(await loseAnEventOfEach(cloud.local!)).toEqual(['OrdersMarkerRule', 'OrdersSchedule']);
    },
    120_000,
  );

  testLocally('an account does not say which statement allowed a call')(
    'every role has the permissions that its process used, and no others',
    async () => {
      expect(
        await privilegeFindings(cloud.local!, app, [
          ...['Orders', 'History'].flatMap((workflow) => [
            {
              role: `${workflow}StateMachine`,
              action: 'ecs:StopTask',
              because: 'the tasks of an execution stop with it; none is stopped here',
            },
            ...unusedByRuns(workflow),
            unusedWithoutOutage(workflow),
            {
              role: `${workflow}TaskDefinition`,
              action: 's3:AbortMultipartUpload',
              because: 'a file of over 5 GiB is moved in parts, and a result may fail between its parts',
            },
            {
              role: `${workflow}TaskDefinition`,
              action: 's3:DeleteObject',
              because: 'extractTo deletes its record of unfinished work; this handler does not use it',
            },
            {
              role: `${workflow}TaskDefinition`,
              action: 's3:GetObject',
              because: 'a result is read when it is there already, if a kill came between it and its note',
              sometimes: true as const,
            },
          ]),
        ]),
      ).toEqual([]);
    },
    30_000,
  );
});
