import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { DatabaseLogin } from '../database-login';
import type { DeliverySource } from './delivery-source';

/** Properties of `DatabaseDeliveryPipeline`. */
export interface DatabaseDeliveryPipelineProps {
  /** The VPC of the builds, from which they reach the database. */
  readonly vpc: IVpc;

  /**
   * The subnets of the builds. They need a route to the database and, through a NAT gateway, to the downloads of the
   * commands.
   *
   * @default - the private subnets with egress of `vpc`
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the builds.
   *
   * @default - a new group that allows all outbound and no inbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];

  /** The source of migrations, models and tests. */
  readonly source: DeliverySource;

  /**
   * The folder of the source in which commands run.
   *
   * @default - the root of the source
   */
  readonly workingDirectory?: string;

  /**
   * The database login of the builds. The user must own the tables, and must be able to create databases if migrations
   * are validated.
   */
  readonly database: DatabaseLogin;

  /**
   * Languages of the build image and their versions, such as `{ nodejs: '22' }`.
   *
   * @default - the default versions of the image
   */
  readonly runtimeVersions?: { [language: string]: string };

  /**
   * Commands that every build runs first, such as `npm ci`.
   * @default - none
   */
  readonly installCommands?: string[];

  /**
   * Commands that migrate the database to the newest version of its schema, with any tool. The environment variables of
   * libpq hold the connection: `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER`, `PGPASSWORD`, `PGSSLMODE`, `PGSSLROOTCERT`.
   */
  readonly migrateCommands: string[];

  /**
   * Commands that roll back the last `$FILEWORKS_APPLIED_MIGRATIONS` migrations if one of them or the smoke test
   * failed. Only with `historyTable`.
   *
   * @default - only failed transactions are rolled back
   */
  readonly rollbackCommands?: string[];

  /**
   * Commands that fail if the migrated database does not work for its users.
   *
   * @default - no smoke test
   */
  readonly smokeCommands?: string[];

  /**
   * The table in which the tool of `migrateCommands` records applied migrations, with a row for each: `pgmigrations` of
   * node-pg-migrate, `flyway_schema_history` of Flyway. `table` or `schema.table`.
   *
   * @default - migrations are neither validated nor rolled back
   */
  readonly historyTable?: string;

  /**
   * Whether migrations first run on a copy of the schema, in a separate database on the same server, and are rolled
   * back there. Only with `historyTable`.
   *
   * @default - true if `historyTable` is set
   */
  readonly validateOnCopy?: boolean;

  /**
   * Commands that transform the loaded data, such as `dbt build`.
   *
   * @default - no transformations
   */
  readonly transformCommands?: string[];

  /**
   * The schedule of transformations. Only with `transformCommands`.
   *
   * @default - they run on demand
   */
  readonly transformSchedule?: ScheduleExpression;

  /**
   * How long no transformation may have run before `missedAlarm` is in ALARM, from 1 hour to 7 days in whole hours, or
   * `Duration.hours(0)` for no such alarm. Only with `transformSchedule`.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default - twice the rate of `transformSchedule`, or the longest time between two runs of its cron expression and
   * an hour, in whole hours. No such alarm for days such as `L`, `15W` or `2#1`, or if it would be more than 7 days
   */
  readonly alarmMissedFor?: Duration;

  /**
   * Commands that deploy the infrastructure from inside the VPC, such as `npx cdk deploy --all --require-approval
   * never`. The build may only assume the roles of `cdk bootstrap` in the account and region of the stack.
   *
   * @default - no deployment
   */
  readonly deployCommands?: string[];

  /**
   * The qualifier of `cdk bootstrap`. Only with `deployCommands`.
   *
   * @default 'hnb659fds'
   */
  readonly deployQualifier?: string;

  /**
   * The repository, as `owner/name`, whose workflows on GitHub Actions may start builds.
   *
   * @default - none
   */
  readonly githubRepository?: string;

  /**
   * The branches whose workflows may start builds. Only with `githubRepository`.
   *
   * @default ['main']
   */
  readonly githubBranches?: string[];

  /**
   * ARN of the OIDC identity provider of GitHub in the account. Only with `githubRepository`.
   *
   * @default - the one for token.actions.githubusercontent.com in the account
   */
  readonly githubProviderArn?: string;

  /**
   * The pattern of events that start the migration.
   *
   * @default - none
   */
  readonly migrateOn?: EventPattern;

  /**
   * Major version of the PostgreSQL client, from 13 to 18; the version of the server or a newer one.
   *
   * @default 17
   * @see https://www.postgresql.org/docs/current/app-pgdump.html
   */
  readonly clientVersion?: number;

  /**
   * How long a build may take, from 5 minutes to 8 hours.
   *
   * @default Duration.hours(1)
   * @see https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
   */
  readonly timeout?: Duration;

  /**
   * The removal policy of the dead-letter queue. A retained queue keeps its messages when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
