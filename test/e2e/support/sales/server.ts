import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { BatchGetProjectsCommand, CodeBuildClient, UpdateProjectCommand } from '@aws-sdk/client-codebuild';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Client, escapeLiteral } from 'pg';
import { LoaderEnv } from '../../../../src/contract/loader-env';
import { startTlsPostgres, type TlsPostgres } from '../../../support/postgres-tls';
import type { Cloud } from '../clouds/cloud';

const root = resolve(__dirname, '..', '..', '..', '..');
/** Characters with a meaning in YAML, Jinja or a shell. */
const PASSWORD = `'1": {{ $HOME }} #`;

/** A PostgreSQL of this machine as the database of json-loader, because no local cloud runs one of RDS. */
export class SalesServer {
  readonly #server: TlsPostgres;
  /** Programs of the builds: a download without a network, and those of dbt. */
  readonly #programs: string;
  readonly #dbt: string;

  private constructor(server: TlsPostgres, programs: string, dbt: string) {
    this.#server = server;
    this.#programs = programs;
    this.#dbt = dbt;
  }

  static async start(): Promise<SalesServer> {
    const [{ stdout }, server] = await Promise.all([
      promisify(execFile)(process.execPath, [join(root, 'build-tools', 'examples.ts'), 'models', 'json-loader']),
      startTlsPostgres({ fsync: 'off' }, ['loader']),
    ]);
    const programs = mkdtempSync(join(tmpdir(), 'fileworks-json-loader-programs-'));
    // Builds trust nobody else, and package managers may use a proxy with an authority of its own
    const { NODE_EXTRA_CA_CERTS: own } = process.env;
    const authorities = join(programs, 'ca.pem');
    writeFileSync(authorities, `${server.ca}\n${own === undefined ? '' : readFileSync(own, 'utf8')}`);
    writeFileSync(
      join(programs, 'curl'),
      `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp '${authorities}' "$2"\n`,
      { mode: 0o755 },
    );
    return new SalesServer(server, programs, stdout.trim().split('\n').at(-1)!);
  }

  /** Where builds find programs. */
  get path(): string {
    return [this.#programs, this.#dbt, process.env.PATH].join(':');
  }

  /** The database, as a user that may do everything. */
  get connectionString(): string {
    return this.#server.connectionString.replace(/postgres$/, 'sales');
  }

  /** Makes the user and the database that RDS would have made, and names them in the secret of the deployment. */
  async serve(cloud: Cloud): Promise<void> {
    const admin = new Client({ connectionString: this.#server.connectionString });
    await admin.connect();
    await admin.query(`CREATE ROLE owner LOGIN CREATEDB CREATEROLE PASSWORD ${escapeLiteral(PASSWORD)}`);
    // As rds_superuser has:
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
    await admin.query('GRANT pg_monitor, pg_signal_backend TO owner');
    await admin.query('CREATE DATABASE sales OWNER owner');
    await admin.end();
    const [, secret] = Object.entries(cloud.resources('JsonLoader')).find(([id]) => /^Owner[0-9A-F]{8}$/.test(id))!;
    const secrets = new SecretsManagerClient(cloud.clientConfig());
    const login = {
      username: 'owner',
      password: PASSWORD,
      host: 'localhost',
      port: String(this.#server.port),
      dbname: 'sales',
    };
    await secrets.send(new PutSecretValueCommand({ SecretId: secret, SecretString: JSON.stringify(login) }));
    secrets.destroy();
    await this.connectLoader(cloud);
  }

  /** The loader has the address of the database in its template, and the certificate authority of AWS. */
  async connectLoader(cloud: Cloud): Promise<void> {
    const FunctionName = cloud.outputs('JsonLoader').LoaderFunction;
    const lambda = new LambdaClient(cloud.clientConfig());
    const { Environment: { Variables = {} } = {} } = await lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    );
    const here = {
      ...(JSON.parse(Variables[LoaderEnv.database]) as object),
      host: 'localhost',
      port: this.#server.port,
      ca: this.#server.ca,
    };
    await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName,
        Environment: { Variables: { ...Variables, [LoaderEnv.database]: JSON.stringify(here) } },
      }),
    );
    lambda.destroy();
  }

  /** Has the builds of a deployed project find the programs. */
  async equip(cloud: Cloud, name: string): Promise<void> {
    const client = new CodeBuildClient(cloud.clientConfig());
    const { projects: [project] = [] } = await client.send(new BatchGetProjectsCommand({ names: [name] }));
    const environmentVariables = [{ name: 'PATH', value: this.path }];
    await client.send(
      new UpdateProjectCommand({ name, environment: { ...project.environment!, environmentVariables } }),
    );
    client.destroy();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#programs, { recursive: true });
  }
}
