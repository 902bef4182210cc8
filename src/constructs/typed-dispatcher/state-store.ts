import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { DatabaseLogin } from '../database-login';

/** Minimum and maximum capacity of a state table. Each of its two indexes has the same capacity as the table. */
export interface ProvisionedCapacityOptions {
  /** Minimum read capacity units, 1 or more. */
  readonly minReadUnits: number;

  /** Maximum read capacity units, `minReadUnits` or more; equal to it for a fixed capacity. */
  readonly maxReadUnits: number;

  /** Minimum write capacity units, 1 or more. A file needs 15 to 17 of the table, and 8 of the indexes. */
  readonly minWriteUnits: number;

  /** Maximum write capacity units, `minWriteUnits` or more; equal to it for a fixed capacity. */
  readonly maxWriteUnits: number;

  /**
   * Target utilization of the capacity, in percent, from 20 to 90.
   *
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
   * @default 70
   */
  readonly targetUtilizationPercent?: number;
}

/** The capacity mode of a state table. */
export class StateTableCapacity {
  /** On-demand capacity, billed by request: an idle table costs nothing. */
  static onDemand(): StateTableCapacity {
    return new StateTableCapacity();
  }

  /**
   * Provisioned capacity, billed by hour: cheaper for a steady load. Throttled events stay in the queue.
   *
   * @param options minimum and maximum capacity
   */
  static provisioned(options: ProvisionedCapacityOptions): StateTableCapacity {
    return new StateTableCapacity(options);
  }

  /** Minimum and maximum capacity; undefined for on-demand capacity. */
  readonly options?: ProvisionedCapacityOptions;

  private constructor(options?: ProvisionedCapacityOptions) {
    this.options = options;
  }
}

/** Options of `StateStore.dynamoDb()`. */
export interface DynamoDbStateOptions {
  /**
   * An existing table, for this dispatcher only; props that would configure a new one are then refused. It has the keys
   * and indexes of `dispatchTableDefinition` of fileworks-runtime, a stream with new images, and the time-to-live
   * attribute `expiresAt`.
   *
   * @default - a new table
   */
  readonly table?: ITable;

  /**
   * The capacity mode of the table.
   *
   * @default StateTableCapacity.onDemand()
   */
  readonly capacity?: StateTableCapacity;

  /**
   * Whether point-in-time recovery is enabled: the table can be restored to any second of the last 35 days.
   *
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;

  /**
   * The removal policy of the table.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long the rows of completed and skipped files are kept, which also detect duplicates, from 15 days to 10 years.
   * Events may be redelivered for 15 days.
   *
   * @default Duration.days(90)
   */
  readonly retention?: Duration;
}

/** Options of `StateStore.postgres()`. */
export interface PostgresStateOptions {
  /** The database login of the functions and the tasks. */
  readonly login: DatabaseLogin;

  /** The VPC of the database, in which the functions run. */
  readonly vpc: IVpc;

  /**
   * The subnets of the functions. They need a route to the database, and to SQS, ECS and the services of the targets
   * and rules, through a NAT gateway or VPC endpoints.
   *
   * @default - the private subnets with egress of `vpc`
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the functions.
   *
   * @default - a new group that allows all outbound and no inbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * How long the rows of completed and skipped files are kept, which also detect duplicates, from 15 days to 10 years.
   * Events may be redelivered for 15 days.
   *
   * @default Duration.days(90)
   */
  readonly retention?: Duration;
}

/** The store in which a dispatcher keeps the state of every file. */
export class StateStore {
  /**
   * A DynamoDB table, new or existing.
   *
   * @param options options of the table
   */
  static dynamoDb(options: DynamoDbStateOptions = {}): StateStore {
    return new StateStore({ dynamoDb: options });
  }

  /**
   * A PostgreSQL database, version 13 or newer, such as Aurora or RDS. Suits you if you already run one and want to
   * query files with SQL.
   *
   * It needs the tables of `dispatchSchema` of fileworks-runtime before the first file arrives: add it to your
   * migrations, or call `PostgresStore.migrate()` once. The user of the login needs SELECT, INSERT, UPDATE and DELETE
   * on them.
   *
   * A database has no stream, so workers report the end of a turn with a message. If they cannot, the ECS event and the
   * sweeper detect it, with up to a minute of delay.
   *
   * @param options options of the database
   */
  static postgres(options: PostgresStateOptions): StateStore {
    return new StateStore({ postgres: options });
  }

  /**
   * The options of a table.
   *
   * @internal
   */
  readonly _dynamoDb?: DynamoDbStateOptions;

  /**
   * The options of a database.
   *
   * @internal
   */
  readonly _postgres?: PostgresStateOptions;

  private constructor({ dynamoDb, postgres }: { dynamoDb?: DynamoDbStateOptions; postgres?: PostgresStateOptions }) {
    this._dynamoDb = dynamoDb;
    this._postgres = postgres;
  }
}
