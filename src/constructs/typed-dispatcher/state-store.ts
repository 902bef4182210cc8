import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { DatabaseLogin } from '../database-login';

/** Capacity that a state table always has, and how far it grows. Each of its two indexes gets as much as the table. */
export interface ProvisionedCapacityOptions {
  /** Read units that are always there, 1 or more. */
  readonly minReadUnits: number;

  /** Read units that it grows to, `minReadUnits` or more; as many as that for a fixed capacity. */
  readonly maxReadUnits: number;

  /** Write units that are always there, 1 or more. A file needs 15 to 17 of the table, and 8 of the indexes. */
  readonly minWriteUnits: number;

  /** Write units that it grows to, `minWriteUnits` or more; as many as that for a fixed capacity. */
  readonly maxWriteUnits: number;

  /**
   * How much of the capacity is used when it grows, in percent, from 20 to 90.
   *
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
   * @default 70
   */
  readonly targetUtilizationPercent?: number;
}

/** How the capacity of a state table is paid for. */
export class StateTableCapacity {
  /** For each read and write: nothing while no files come. */
  static onDemand(): StateTableCapacity {
    return new StateTableCapacity();
  }

  /**
   * By the hour: cheaper where files come steadily. What it cannot take waits in the queue of events.
   *
   * @param options from where to where it scales
   */
  static provisioned(options: ProvisionedCapacityOptions): StateTableCapacity {
    return new StateTableCapacity(options);
  }

  /** From where to where it scales; undefined on demand. */
  readonly options?: ProvisionedCapacityOptions;

  private constructor(options?: ProvisionedCapacityOptions) {
    this.options = options;
  }
}

/** Options of `StateStore.dynamoDb()`. */
export interface DynamoDbStateOptions {
  /**
   * An existing table, for one dispatcher alone; props that would configure a new one are then refused. Its keys and
   * indexes are those of
   * `dispatchTableDefinition` of fileworks-runtime, its stream has new images, and its items expire by `expiresAt`.
   *
   * @default - a new table
   */
  readonly table?: ITable;

  /**
   * How the capacity is paid for.
   *
   * @default StateTableCapacity.onDemand()
   */
  readonly capacity?: StateTableCapacity;

  /**
   * Whether the table can be restored as it was at any second of the last 35 days.
   *
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;

  /**
   * What becomes of the table when it is taken out of the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long completed and skipped files are kept, and with them the memory of duplicates, from 15 days to 10 years.
   * Events may come again for
   * 15 days.
   *
   * @default Duration.days(90)
   */
  readonly retention?: Duration;
}

/** Options of `StateStore.postgres()`. */
export interface PostgresStateOptions {
  /** How the functions and the tasks log in. */
  readonly login: DatabaseLogin;

  /** The network of the database, which the functions are put into. */
  readonly vpc: IVpc;

  /**
   * The subnets of the functions. They must reach the database, and SQS, ECS, and what else the targets and rules are
   * about, by a NAT gateway or by
   * VPC endpoints.
   *
   * @default - the private subnets of `vpc` that have a way out
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the functions.
   *
   * @default - a new group that lets everything out and nothing in
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * How long completed and skipped files are kept, and with them the memory of duplicates, from 15 days to 10 years.
   * Events may come again for
   * 15 days.
   *
   * @default Duration.days(90)
   */
  readonly retention?: Duration;
}

/** Where a dispatcher keeps the state of every file. */
export class StateStore {
  /**
   * A DynamoDB table, new or existing.
   *
   * @param options of the table
   */
  static dynamoDb(options: DynamoDbStateOptions = {}): StateStore {
    return new StateStore({ dynamoDb: options });
  }

  /**
   * A PostgreSQL database, 13 or newer, such as Aurora or RDS. For who has one anyway and wants to look at files by
   * SQL.
   *
   * Its tables are those of `dispatchSchema` of fileworks-runtime, which must be there before the first file comes: put
   * it into your
   * migrations, or call `PostgresStore.migrate()` once. The user of the login needs SELECT, INSERT, UPDATE and DELETE
   * on them.
   *
   * A database has no stream: the workers tell themselves that a turn has ended, by a message. What they could not
   * tell, ECS and the sweeper
   * do, which costs up to a minute.
   *
   * @param options of the database
   */
  static postgres(options: PostgresStateOptions): StateStore {
    return new StateStore({ postgres: options });
  }

  /**
   * The table, where it is one.
   *
   * @internal
   */
  readonly _dynamoDb?: DynamoDbStateOptions;

  /**
   * The database, where it is one.
   *
   * @internal
   */
  readonly _postgres?: PostgresStateOptions;

  private constructor({ dynamoDb, postgres }: { dynamoDb?: DynamoDbStateOptions; postgres?: PostgresStateOptions }) {
    this._dynamoDb = dynamoDb;
    this._postgres = postgres;
  }
}
