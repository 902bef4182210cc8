import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { DatabaseLogin } from '../database-login';
import type { DeliverySource } from './delivery-source';

/** Properties of `DatabaseDeliveryPipeline`. */
export interface DatabaseDeliveryPipelineProps {
  /** The network that the database is reached from. */
  readonly vpc: IVpc;

  /**
   * The subnets of the builds. They must reach the database, and by a NAT gateway what the commands download.
   *
   * @default - the private subnets of `vpc` that have a way out
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the builds.
   *
   * @default - a new group that lets everything out and nothing in
   */
  readonly securityGroups?: ISecurityGroup[];

  /** Where migrations, models and tests are. */
  readonly source: DeliverySource;

  /**
   * The folder of the source that commands run in.
   *
   * @default - its top folder
   */
  readonly workingDirectory?: string;

  /**
   * How builds log in to the database: as the owner of its tables, who may create databases when migrations are
   * validated.
   */
  readonly database: DatabaseLogin;

  /**
   * Languages of the build image and their versions, such as `{ nodejs: '22' }`.
   *
   * @default - those that the image chooses
   */
  readonly runtimeVersions?: { [language: string]: string };

  /**
   * What every build runs first, such as `npm ci`.
   *
   * @default - nothing
   */
  readonly installCommands?: string[];

  /**
   * Bring the database to the newest version of its schema, with any tool. They find the database in the variables of
   * libpq: `PGHOST`, `PGPORT`,
   * `PGDATABASE`, `PGUSER`, `PGPASSWORD`, `PGSSLMODE`, `PGSSLROOTCERT`.
   */
  readonly migrateCommands: string[];

  /**
   * Take back the last `$FILEWORKS_APPLIED_MIGRATIONS` migrations, when one of them or the smoke test has failed. Only
   * with `historyTable`.
   *
   * @default - nothing is taken back but what a failed transaction did
   */
  readonly rollbackCommands?: string[];

  /**
   * Fail when the migrated database is not as its users need it.
   *
   * @default - migrations are good when they do not fail
   */
  readonly smokeCommands?: string[];

  /**
   * Where the tool of `migrateCommands` notes what it has applied, a row for each migration: `pgmigrations` of
   * node-pg-migrate,
   * `flyway_schema_history` of Flyway. `table` or `schema.table`.
   *
   * @default - migrations are neither validated nor taken back
   */
  readonly historyTable?: string;

  /**
   * Whether migrations run on a copy of the schema first, in a database of their own on the same server, and are taken
   * back there. Only with `historyTable`.
   *
   * @default - true when `historyTable` is given
   */
  readonly validateOnCopy?: boolean;

  /**
   * Transform what was loaded, such as `dbt build`.
   *
   * @default - there are no transformations
   */
  readonly transformCommands?: string[];

  /**
   * When transformations run. Only with `transformCommands`.
   *
   * @default - when somebody starts them
   */
  readonly transformSchedule?: ScheduleExpression;

  /**
   * Deploy the infrastructure from inside the network, such as `npx cdk deploy --all --require-approval never`. The
   * build may assume the roles of
   * `cdk bootstrap` in the account and region of the stack, and nothing more.
   *
   * @default - there is no such build
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
   * @default - no repository may
   */
  readonly githubRepository?: string;

  /**
   * The branches whose workflows may. Only with `githubRepository`.
   *
   * @default ['main']
   */
  readonly githubBranches?: string[];

  /**
   * ARN of the identity provider of GitHub in the account. Only with `githubRepository`.
   *
   * @default - the one for token.actions.githubusercontent.com, of which an account has one
   */
  readonly githubProviderArn?: string;

  /**
   * Events that start the migration.
   *
   * @default - events start nothing
   */
  readonly migrateOn?: EventPattern;

  /**
   * Major version of the PostgreSQL client, from 13 to 18; that of the server, or newer.
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
   * What the alarms do when they ring, such as sending to an SNS topic.
   *
   * @default - the alarms ring without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
