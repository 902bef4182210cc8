import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { BatchFileLoader, DatabaseLogin, FileIngestBucket, LoadMapping } from 'cdk-fileworks';
import type { OutageConstruct } from './construct.ts';

/** Invocations at the same time; SQS allows no fewer. */
const CONNECTIONS = 2;

export const loader: OutageConstruct = {
  name: 'loader',
  failures: [
    ['PostgreSQL', 'away'],
    ['PostgreSQL', 'hang'],
    ['PostgreSQL', 'locked'],
    ['PostgreSQL', 'out of connections'],
    ['PostgreSQL', 'read-only'],
    ['S3 source', 'denied'],
    ['Secrets Manager', 'denied'],
  ],
  usesDatabase: true,

  promised: () => ({ alarm: 'DependencyUnavailableAlarm', callers: CONNECTIONS }),

  add(stack, { id }, { task: { cluster, environment } }) {
    const ingest = new FileIngestBucket(stack, `${id}Ingest`);
    const { hostname: host, port, username } = new URL(environment!.DATABASE_URL);
    const login = { username, password: 'any', host, port, dbname: username };
    const secret = new Secret(stack, `${id}Secret`, {
      secretStringValue: SecretValue.unsafePlainText(JSON.stringify(login)),
    });
    const loader = new BatchFileLoader(stack, id, {
      vpc: cluster.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      // Its certificate is for this name
      database: DatabaseLogin.secret(secret, { host: 'localhost', caCertificate: environment!.DATABASE_CA }),
      maxConnections: CONNECTIONS,
      routes: {
        Files: {
          source: ingest,
          prefix: `source/${id}/`,
          mapping: LoadMapping.json({ table: 'loaded', columns: [{ name: 'id' }] }),
        },
      },
    });
    const output = (name: string, value: string) => new CfnOutput(stack, `${id}${name}`, { value });
    output('SourceName', ingest.bucket.bucketName);
    output('SecretName', secret.secretArn);
    output('Functions', loader.handlerFunction.functionName);
    output('DeadLetters', loader.deadLetterQueue?.queueUrl ?? '');
  },

  // A function that is warm has read the secret, and has a connection
  begin: (account, { id }) => account.restartFunction(`${id}Functions`),

  send: (account, { id }, job) =>
    account.putFile(`${id}SourceName`, `source/${id}/${job}`, JSON.stringify({ id: String(job) })),
  done: (cell, database) => database.loaded(cell),
  results: async (_, cell, database) => new Set(await database.loaded(cell)).size,
  deadLetters: (account, { id }) => account.countMessages(`${id}DeadLetters`),
};
