import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import {
  BatchGetProjectsCommand,
  CodeBuildClient,
  ListBuildsForProjectCommand,
  StartBuildCommand,
} from '@aws-sdk/client-codebuild';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
  type UpdateScheduleInput,
} from '@aws-sdk/client-scheduler';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';
import { Client, escapeLiteral } from 'pg';
import { LoaderEnv } from '../../src/contract/loader-env';
import { MessageAttributeNames } from '../../src/contract/job-message';
import { privilegeFindings } from '../least-privilege/findings';
import { startTlsPostgres, type TlsPostgres } from '../support/postgres-tls';
import { bootstrap, writeCdk } from './support/bootstrap-roles';
import { type EndedBuild, endOf } from './support/builds';
import { startDeployment, until } from './support/deployment';
import { asWorkflow } from './support/github-actions';
import { loseAnEventOfEach } from './support/lost-events';
import { secondVersion } from './support/second-version';

const root = resolve(__dirname, '..', '..');
const app = join(root, 'build', 'e2e', 'json-loader');
/** `FILEWORKS_LOADER_FILES=10000` is the burst of the issue; the gate has a smaller one. */
const FILES = Number(process.env.FILEWORKS_LOADER_FILES ?? 500);
const KILLS = 6;

interface Order {
  readonly id: number;
  readonly customer: { readonly id: string };
  readonly placed_at: string;
  readonly currency: string;
  readonly total: number;
  readonly updated_at: string;
  readonly lines: readonly object[];
}

const midnight = new Date().setUTCHours(0, 0, 0, 0);
const DAY_MS = 86_400_000;
/** An order; a later version has another total. */
function order(id: number, version = 0): Order {
  return {
    id,
    customer: { id: `kunde-${id % 97} ü\t"\\` },
    placed_at: new Date(midnight - (id % 5) * DAY_MS).toISOString(),
    currency: id % 3 === 0 ? 'EUR' : 'USD',
    total: (id * 100 + version * 7) / 100,
    updated_at: new Date(midnight + version * 1_000).toISOString(),
    lines: [
      { article: `article ${id % 31}`, quantity: 1 + (id % 4), price: 1.25 },
      { article: 'shipping', quantity: 1, price: 0.5 },
    ],
  };
}
const rowOf = ({ id, customer, total, updated_at: updated }: Order) =>
  `${id}|${customer.id}|${total.toFixed(2)}|${updated}`;
const checksum = (rows: readonly string[]) => createHash('sha256').update(rows.join('\n')).digest('hex');

/** The process at the other end of a connection, by its port: the function of the emulator that holds it. */
function processOf(port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inode = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, local = '']) => local.endsWith(`:${hex}`))?.[9];
  const holds = (pid: string) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
    } catch {
      return false; // it has ended, or belongs to another user
    }
  };
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holds(name));
  return pid === undefined ? undefined : Number(pid);
}

describe('json-loader on the local cloud, with a PostgreSQL that runs', () => {
  let cloud: LocalCloud;
  let server: TlsPostgres;
  let owner: Client;
  let s3: S3Client;
  let sqs: SQSClient;
  let outputs: Readonly<Record<string, string>>;
  let queueUrl: string;
  /** The content of the template's repository. */
  const repository = mkdtempSync(join(tmpdir(), 'fileworks-json-loader-'));
  const ofDatabase = (...path: string[]) => join(repository, 'worker', 'json-loader', ...path);

  /** Characters with a meaning in YAML, Jinja or a shell. */
  const password = `'1": {{ $HOME }} #`;
  /** Programs of the builds: a download without a network, and those of dbt. */
  const programs = mkdtempSync(join(tmpdir(), 'fileworks-json-loader-programs-'));
  /** The repository of the builds that deploy, with its own programs. */
  const deployed = mkdtempSync(join(tmpdir(), 'fileworks-json-loader-deployed-'));
  /** As a workflow of the repository. */
  let codeBuild: CodeBuildClient;

  /**
   * A build of the pipeline.
   *
   * @param afterwards runs on the same machine after the commands of the template
   */
  async function build(
    project: 'Deployment' | 'Migration' | 'Transformation',
    afterwards: readonly string[] = [],
  ): Promise<EndedBuild> {
    const projectName = outputs[`${project}Project`];
    const { build: started } = await codeBuild.send(
      new StartBuildCommand({
        projectName,
        ...(afterwards.length > 0 && { buildspecOverride: await extended(projectName, afterwards) }),
      }),
    );
    return endOf(cloud, codeBuild, started!.id!);
  }

  async function extended(projectName: string, commands: readonly string[]): Promise<string> {
    const client = new CodeBuildClient(cloud.clientConfig());
    const { projects: [project] = [] } = await client.send(new BatchGetProjectsCommand({ names: [projectName] }));
    client.destroy();
    const spec = JSON.parse(project.source!.buildspec!) as { phases: { build: { commands: string[] } } };
    spec.phases.build.commands.push(...commands);
    return JSON.stringify(spec);
  }

  /** Changes when transformations run. */
  async function schedule(ScheduleExpression: string): Promise<void> {
    const scheduler = new SchedulerClient(cloud.clientConfig());
    const { Schedules: [{ Name }] = [{}] } = await scheduler.send(new ListSchedulesCommand({}));
    const current = await scheduler.send(new GetScheduleCommand({ Name }));
    await scheduler.send(new UpdateScheduleCommand({ ...(current as UpdateScheduleInput), ScheduleExpression }));
    scheduler.destroy();
  }

  const put = (key: string, body: object | string) =>
    s3.send(
      new PutObjectCommand({
        Bucket: outputs.InboxBucket,
        Key: key,
        Body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );

  beforeAll(async () => {
    const dbt = await promisify(execFile)(process.execPath, [
      join(root, 'build-tools', 'examples.ts'),
      'models',
      'json-loader',
    ]);
    const path = (...folders: string[]) => ({ PATH: [...folders, process.env.PATH].join(':') });
    const source = 'https://github.com/acme/sales.git';
    [server, cloud] = await Promise.all([
      startTlsPostgres({ fsync: 'off' }, ['loader']),
      startDeployment('json-loader', {
        builds: [
          { source, project: '*DeliveryDeployment*', cwd: deployed, env: path(deployed) },
          { source, cwd: repository, env: path(programs, dbt.stdout.trim().split('\n').at(-1)!) },
        ],
      }),
    ]);
    outputs = cloud.outputs('JsonLoader');
    // A transformation an hour would be one a minute here; a test has it run when it is due
    await schedule('rate(30 days)');
    writeFileSync(
      join(programs, 'curl'),
      `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp '${server.caFile}' "$2"\n`,
      { mode: 0o755 },
    );
    const [, secret] = Object.entries(cloud.resources('JsonLoader')).find(([id]) => /^Owner[0-9A-F]{8}$/.test(id))!;
    const secrets = new SecretsManagerClient(cloud.clientConfig());
    const login = { username: 'owner', password, host: 'localhost', port: String(server.port), dbname: 'sales' };
    await secrets.send(new PutSecretValueCommand({ SecretId: secret, SecretString: JSON.stringify(login) }));
    secrets.destroy();
    await bootstrap(cloud);
    codeBuild = new CodeBuildClient(await asWorkflow(cloud, outputs.DeliveryRole, 'acme/sales', 'main'));
    const admin = new Client({ connectionString: server.connectionString });
    await admin.connect();
    await admin.query(`CREATE ROLE owner LOGIN CREATEDB CREATEROLE PASSWORD ${escapeLiteral(password)}`);
    await admin.query('CREATE DATABASE sales OWNER owner');
    await admin.query('GRANT ALL ON SCHEMA public TO owner');
    await admin.end();
    owner = new Client({ connectionString: server.connectionString.replace(/postgres$/, 'sales') });
    await owner.connect();
    await owner.query('GRANT CREATE ON SCHEMA public TO owner');
    // Like a checkout with cached modules
    cpSync(join(root, '.tools', 'workplace', 'worker', 'json-loader', 'node_modules'), ofDatabase('node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    cpSync(join(root, 'examples', 'worker', 'json-loader'), ofDatabase(), { recursive: true });
    const { succeeded, output } = await build('Migration');
    if (!succeeded) {
      throw new Error(`the first migration failed:\n${output}`);
    }

    s3 = new S3Client(cloud.clientConfig());
    sqs = new SQSClient(cloud.clientConfig());
    queueUrl = outputs.QueueUrl;
    await connectHere();
    // A message whose function was killed is redelivered within the test
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { VisibilityTimeout: '15' } }));
  }, 600_000);

  /** The database of the template is on AWS; this one has another address, and its own certificate authority. */
  async function connectHere(): Promise<void> {
    const lambda = new LambdaClient(cloud.clientConfig());
    const { Environment: { Variables = {} } = {} } = await lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: outputs.LoaderFunction }),
    );
    const here = {
      ...(JSON.parse(Variables[LoaderEnv.database]) as object),
      host: 'localhost',
      port: server.port,
      ca: server.ca,
    };
    await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: outputs.LoaderFunction,
        Environment: { Variables: { ...Variables, [LoaderEnv.database]: JSON.stringify(here) } },
      }),
    );
    lambda.destroy();
  }

  afterAll(async () => {
    codeBuild.destroy();
    await owner.end();
    await cloud.stop();
    await server.stop();
    for (const folder of [repository, programs, deployed]) {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  const rows = async () => {
    const found = await owner.query<{ row: string }>(`
      SELECT concat_ws('|', id, customer, total, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS row FROM sales.orders ORDER BY id`);
    return found.rows.map(({ row }) => row);
  };
  const emptied = async () => {
    const { Attributes: { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: hidden } = {} } =
      await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }));
    return waiting === '0' && hidden === '0' ? true : undefined;
  };

  test('loads a batch of 99 good files and a bad one: the bad one fails alone, with its reason', async () => {
    const good = Array.from({ length: 99 }, (_, index) => put(`orders/first/${index}.json`, order(index + 1)));
    await Promise.all([...good, put('orders/first/bad.json', { ...order(100), total: -1 })]);
    await until('99 orders', 60, async () => ((await rows()).length === 99 ? true : undefined));
    const deadLetterMessage = await until('the dead-letter message', 60, async () => {
      const { Messages: [message] = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: outputs.DeadLetterQueueUrl, MessageAttributeNames: ['All'] }),
      );
      return message;
    });
    expect(deadLetterMessage.MessageAttributes?.[MessageAttributeNames.poisonReason]?.StringValue).toBe(
      '/total: must be >= 0',
    );
    expect(deadLetterMessage.Body).toContain('orders/first/bad.json');
    const { rows: rejected } = await owner.query(
      `SELECT key, pointer, reason FROM fileworks_file_ledger WHERE status = 'rejected'`,
    );
    expect(rejected).toEqual([{ key: 'orders/first/bad.json', pointer: '/total', reason: 'must be >= 0' }]);
  }, 150_000);

  test(
    'has every order once while events repeat and overtake one another, connections break and functions are killed',
    async () => {
      await cloud.faults.disturbDeliveries({ repeat: 0.2, delaySeconds: 3 });
      const started = performance.now();
      const ids = Array.from({ length: FILES }, (_, index) => 1_000 + index);
      const state = { uploading: true, kills: 0, breaks: 0, connections: 0 };
      const upload = (async () => {
        for (let first = 0; first < ids.length; first += 50) {
          await Promise.all(
            ids.slice(first, first + 50).map(async (id) => {
              await put(`orders/${id}.json`, order(id));
              // Every tenth is written again, and the older one may be read later
              if (id % 10 === 0) {
                await put(`orders/${id}.json`, order(id, 1));
              }
            }),
          );
        }
        state.uploading = false;
      })();
      upload.catch(() => undefined); // awaited below
      await cloud.update(secondVersion(app));
      await connectHere();
      await until('everything to be loaded', 60 + FILES / 20, async () => {
        const { rows: backends } = await owner.query<{ pid: number; port: number }>(`
        SELECT pid, client_port AS port FROM pg_stat_activity WHERE application_name = 'fileworks-loader'`);
        state.connections = Math.max(state.connections, backends.length);
        for (const { pid, port } of backends.slice(0, 1)) {
          const holder = processOf(port);
          if (holder !== undefined && state.kills < KILLS && state.kills <= state.breaks) {
            process.kill(holder, 'SIGKILL');
            state.kills += 1;
          } else if (state.breaks < KILLS) {
            await owner.query('SELECT pg_terminate_backend($1)', [pid]);
            state.breaks += 1;
          }
        }
        const loaded = await owner.query<{ count: number }>('SELECT count(*)::int FROM sales.orders WHERE id >= 1000');
        return !state.uploading && loaded.rows[0].count === FILES ? emptied() : undefined;
      });
      await upload;
      const seconds = (performance.now() - started) / 1_000;

      const expected = [
        ...Array.from({ length: 99 }, (_, index) => order(index + 1)),
        ...ids.map((id) => order(id, id % 10 === 0 ? 1 : 0)),
      ].map(rowOf);
      expect(await rows()).toHaveLength(expected.length);
      expect(checksum(await rows())).toBe(checksum(expected));
      const { rows: ledger } = await owner.query<{ status: string; files: number; rows: number }>(`
      SELECT status, count(*)::int AS files, sum(row_count)::int AS rows FROM fileworks_file_ledger WHERE key NOT LIKE 'orders/first/%' GROUP BY 1 ORDER BY 1`);
      const versions = FILES + ids.filter((id) => id % 10 === 0).length;
      expect(ledger.reduce((sum, { files }) => sum + files, 0)).toBe(versions);
      expect(ledger.every(({ status }) => status === 'loaded' || status === 'superseded')).toBe(true);
      expect(state.connections).toBeLessThanOrEqual(10);
      expect(Math.min(state.kills, state.breaks)).toBeGreaterThan(0);
      const {
        rows: [{ commits }],
      } = await owner.query<{ commits: number }>(
        `SELECT count(DISTINCT recorded_at)::int AS commits FROM fileworks_file_ledger`,
      );
      process.stdout.write(
        `${versions} files in ${seconds.toFixed(1)} s, uploads included: ${Math.round(versions / seconds)} a second, ${commits} transactions, ` +
          `${state.connections} connections at most; ${state.kills} functions killed, ${state.breaks} connections broken\n`,
      );
    },
    (240 + FILES / 10) * 1_000,
  );

  test('does not apply a migration that would stop the loader, as the smoke test finds on the copy', async () => {
    const [up, down] = ['REVOKE INSERT ON sales.orders FROM loader', 'GRANT INSERT ON sales.orders TO loader'];
    writeFileSync(
      ofDatabase('migrations', '1763683380000_break.sql'),
      `-- Up Migration\n${up};\n-- Down Migration\n${down};\n`,
    );
    const { succeeded, output } = await build('Migration');
    const expected = /migrating a copy[^]*FAILED: the loader may write orders[^]*migrations to take back: 1/;
    expect([succeeded, output]).toEqual([false, expect.stringMatching(expected)]);
    const {
      rows: [{ may }],
    } = await owner.query<{ may: boolean }>(`SELECT has_table_privilege('loader', 'sales.orders', 'INSERT') AS may`);
    const {
      rows: [{ migrations }],
    } = await owner.query<{ migrations: number }>('SELECT count(*)::int AS migrations FROM pgmigrations');
    expect([may, migrations]).toEqual([true, 3]);
    await until('the alarm of the failed build', 60, () =>
      cloud.alarms().some(({ logicalId, state }) => /^DeliveryMigrationFailure/.test(logicalId) && state === 'ALARM')
        ? true
        : undefined,
    );
  }, 120_000);

  test('aggregates the orders by dbt, with the same result when repeated, and drops totals of deleted orders', async () => {
    const scheduled = async () => {
      await schedule('at(2020-01-01T00:00:00)');
      const request = { projectName: outputs.TransformationProject };
      const client = new CodeBuildClient(cloud.clientConfig());
      const id = await until('the scheduled build', 60, async () =>
        (await client.send(new ListBuildsForProjectCommand(request))).ids?.at(0),
      );
      client.destroy();
      return endOf(cloud, codeBuild, id);
    };
    const requested = () => build('Transformation', ['if grep -rF -e "$PGPASSWORD" dbt; then exit 1; fi']);
    const daily = async (run: () => Promise<EndedBuild>) => {
      const { succeeded, output } = await run();
      expect([succeeded, output]).toEqual([true, expect.stringMatching(/PASS=4 WARN=0 ERROR=0/)]);
      return (
        await owner.query(
          'SELECT day::text, currency, orders::int, articles::int, total::float FROM sales.daily ORDER BY 1, 2',
        )
      ).rows as Record<string, unknown>[];
    };
    const { rows: sums } = await owner.query<{ orders: number; total: number }>(
      'SELECT count(*)::int AS orders, sum(total)::float AS total FROM sales.orders',
    );
    const first = await daily(scheduled);
    expect(first).toHaveLength(10);
    expect(first.reduce((sum, { orders }) => sum + Number(orders), 0)).toBe(sums[0].orders);
    expect(first.reduce((sum, { total }) => sum + Number(total), 0)).toBeCloseTo(sums[0].total, 2);
    await owner.query(`DELETE FROM sales.orders WHERE (placed_at AT TIME ZONE 'UTC')::date = $1 AND currency = $2`, [
      first[0].day,
      first[0].currency,
    ]);
    expect(await daily(requested)).toEqual(first.slice(1));
  }, 120_000);

  test('an event that its target refuses is in a dead-letter queue', async () => {
    expect(await loseAnEventOfEach(cloud)).toEqual(['DeliveryTransformationSchedule', 'LoaderOrdersRule']);
  }, 120_000);

  test.each([
    ['typescript', 'npm install --no-audit --no-fund'],
    ['python', 'pip install --quiet -r requirements.txt'],
    ['java', 'mvn -q -B compile'],
  ])(
    'deploys the app in %s from its own folder',
    async (language, installs) => {
      rmSync(deployed, { recursive: true });
      for (const folder of ['worker', language]) {
        cpSync(join(root, 'examples', folder, 'json-loader'), join(deployed, folder, 'json-loader'), {
          recursive: true,
        });
      }
      // Scripts that print their directory and arguments replace package managers: the test has no registry
      const script = '#!/bin/sh\necho "$(basename "$(dirname "$PWD")") ${0##*/} $*"\n';
      for (const name of ['npm', 'pip', 'mvn']) {
        writeFileSync(join(deployed, name), script, { mode: 0o755 });
      }
      writeCdk(deployed, cloud);
      const { succeeded, output } = await build('Deployment');
      expect([succeeded, output.split('\n')]).toEqual([
        true,
        [
          'worker npm install --no-audit --no-fund',
          `${language} ${installs}`,
          `${language} npx --yes aws-cdk@2 deploy --require-approval never`,
          ...['deploy', 'file-publishing', 'image-publishing', 'lookup'].map(
            (name) => `assumed cdk-hnb659fds-${name}-role-${cloud.account}-${cloud.region}`,
          ),
        ],
      ]);
    },
    60_000,
  );

  test('every role has the permissions that its process used, and no others', async () => {
    expect(
      await privilegeFindings(cloud, app, [
        {
          role: 'LoaderFunction',
          action: 'rds-db:connect',
          because: 'PostgreSQL on RDS checks it with IAM for a token; there is no API call',
        },
        {
          role: 'LoaderFunction',
          action: 's3:GetObject',
          because: 'a bucket without versions needs it; this one has versions, and the event names one',
        },
        ...['ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses', 'ec2:DescribeSubnets'].map((action) => ({
          role: 'LoaderFunctionRole',
          action,
          because: 'Lambda uses it for network interfaces, which the local cloud does not make',
        })),
      ]),
    ).toEqual([]);
  });
});
