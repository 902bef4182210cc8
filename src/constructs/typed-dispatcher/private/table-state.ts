import { Lazy, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable, type IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { DispatchStateEnv } from '../../../contract/dispatch-env';
import { checkExcluded, checkWholeNumber } from '../../private/checks';
import { checkSameEnvironment, environmentOf } from '../../private/same-environment';
import { checkSoleOwner } from '../../private/sole-owner';
import { ValidationError } from '../../private/validation-error';
import { DispatcherDefaults } from '../defaults';
import type { DynamoDbStateOptions, ProvisionedCapacityOptions } from '../state-store';
import { type BoundState, retentionSeconds } from './bound-state';

const INDEXES = ['due', 'trouble'];

/** Rows in a DynamoDB table. */
export class TableState implements BoundState {
  /** Keys of sequences that the roles of workers may change. */
  readonly #turns = new Map<IPrincipal, Set<string>>();
  readonly table: dynamodb.ITable;
  readonly environment: Record<string, string>;
  readonly functions = { environment: {} };

  constructor(scope: Construct, options: DynamoDbStateOptions) {
    const { table, capacity, pointInTimeRecovery, removalPolicy } = options;
    if (table !== undefined) {
      checkSameEnvironment(
        { table: environmentOf(table) },
        'functions and workers find it by its name, only there',
        scope,
      );
      checkExcluded(
        'table',
        { capacity, pointInTimeRecovery, removalPolicy },
        'set them where the table is created',
        scope,
      );
      if (table.tableStreamArn === undefined) {
        throw new ValidationError(
          'table must have a stream, which reports ended turns; create it with StreamViewType.NEW_IMAGE, or import it with its tableStreamArn',
          scope,
        );
      }
    }
    this.table = table ?? createStateTable(scope, options);
    checkSoleOwner(scope, {
      kind: 'the dispatcher',
      prop: 'table',
      key: this.table.tableArn,
      stack: this.table.stack,
      reason: 'and holds the files and pauses of one dispatcher; use a table for each',
    });
    this.environment = {
      [DispatchStateEnv.tableName]: this.table.tableName,
      [DispatchStateEnv.retentionSeconds]: retentionSeconds(scope, options.retention),
    };
  }

  // grant() of the CDK would add a wildcard for the indexes

  grantDispatch(grantee: IGrantable): void {
    this.#grant(grantee, [
      'dynamodb:GetItem',
      'dynamodb:Query',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      'dynamodb:ConditionCheckItem',
    ]);
  }

  grantSearch(grantee: IGrantable): void {
    this.#grant(
      grantee,
      ['dynamodb:Query'],
      INDEXES.map((index) => `${this.table.tableArn}/index/${index}`),
    );
  }

  /**
   * In a transaction, the conditions hold for each of its items.
   *
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
   */
  grantTurn(grantee: IGrantable, type?: string): void {
    const sequences = type === undefined ? ['S#*'] : [`S#${type}`, `S#${type}/*`];
    // A role of several types has one statement: another one would allow the rows of files again
    const known = this.#turns.get(grantee.grantPrincipal);
    if (known !== undefined) {
      sequences.forEach((sequence) => known.add(sequence));
      return;
    }
    const all = new Set(sequences);
    this.#turns.set(grantee.grantPrincipal, all);
    const keys = Lazy.list({ produce: () => ['F#*', ...(all.has('S#*') ? ['S#*'] : all)] });
    this.#grant(grantee, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], undefined, {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys },
      // Without keys in a request, ForAllValues is true
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
  }

  connect(): void {
    // A table needs no network connection
  }

  #grant(
    grantee: IGrantable,
    actions: string[],
    resourceArns = [this.table.tableArn],
    conditions?: Record<string, Record<string, unknown>>,
  ): void {
    Grant.addToPrincipal({ grantee, actions, resourceArns, ...(conditions && { conditions }) });
    this.table.encryptionKey?.grant(
      grantee,
      'kms:Decrypt',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    );
  }
}

/**
 * The table of the dispatch protocol, with the keys of `dispatchTableDefinition` of the runtime, a stream and
 * production settings.
 */
function createStateTable(scope: Construct, options: DynamoDbStateOptions): dynamodb.Table {
  const { capacity, pointInTimeRecovery = true, removalPolicy = RemovalPolicy.RETAIN } = options;
  const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });
  const provisioned = capacity?.options;
  const throughput = provisioned && {
    readCapacity: provisioned.minReadUnits,
    writeCapacity: provisioned.minWriteUnits,
  };
  const table = new dynamodb.Table(scope, 'StateTable', {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    billingMode: provisioned ? dynamodb.BillingMode.PROVISIONED : dynamodb.BillingMode.PAY_PER_REQUEST,
    ...throughput,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
    timeToLiveAttribute: 'expiresAt',
    stream: dynamodb.StreamViewType.NEW_IMAGE,
    removalPolicy,
  });
  for (const indexName of INDEXES) {
    table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: text(`${indexName}Pk`),
      sortKey: text(`${indexName}Sk`),
      projectionType: dynamodb.ProjectionType.KEYS_ONLY,
      ...throughput,
    });
  }
  if (provisioned) {
    scale(scope, table, provisioned);
  }
  return table;
}

function scale(scope: Construct, table: dynamodb.Table, options: ProvisionedCapacityOptions): void {
  const {
    minReadUnits,
    maxReadUnits,
    minWriteUnits,
    maxWriteUnits,
    targetUtilizationPercent = DispatcherDefaults.targetUtilizationPercent,
  } = options;
  checkWholeNumber('minReadUnits', minReadUnits, { min: 1 }, scope);
  checkWholeNumber('maxReadUnits', maxReadUnits, { min: minReadUnits }, scope);
  checkWholeNumber('minWriteUnits', minWriteUnits, { min: 1 }, scope);
  checkWholeNumber('maxWriteUnits', maxWriteUnits, { min: minWriteUnits }, scope);
  checkWholeNumber('targetUtilizationPercent', targetUtilizationPercent, { min: 20, max: 90 }, scope);
  const read = { minCapacity: minReadUnits, maxCapacity: maxReadUnits };
  const write = { minCapacity: minWriteUnits, maxCapacity: maxWriteUnits };
  const reads = () => [
    table.autoScaleReadCapacity(read),
    ...INDEXES.map((index) => table.autoScaleGlobalSecondaryIndexReadCapacity(index, read)),
  ];
  const writes = () => [
    table.autoScaleWriteCapacity(write),
    ...INDEXES.map((index) => table.autoScaleGlobalSecondaryIndexWriteCapacity(index, write)),
  ];
  for (const scaling of [
    ...(maxReadUnits > minReadUnits ? reads() : []),
    ...(maxWriteUnits > minWriteUnits ? writes() : []),
  ]) {
    scaling.scaleOnUtilization({ targetUtilizationPercent });
  }
}
