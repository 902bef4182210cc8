import type { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { grantWriteWithKey } from '../../private/grants';

export interface TableOptions {
  readonly encryptionKey?: IKey;
  readonly removalPolicy: RemovalPolicy;
}

/** The table of `ExportJobStore`, of the shared rate limit and of the circuit. */
export function createJobTable(scope: Construct, options: TableOptions): dynamodb.Table {
  return createTable(scope, 'JobTable', options, {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    timeToLiveAttribute: 'expiresAt',
  });
}

/** What is known about entries, by their names: what `DynamoMetadata` looks up with `nameAttribute: 'name'`. */
export function createMetadataTable(scope: Construct, options: TableOptions): dynamodb.Table {
  return createTable(scope, 'MetadataTable', options, { partitionKey: text('name') });
}

/** Dispatches the files of jobs: begins a job, numbers its files, closes it, and looks at the circuit. */
export function grantDispatch(table: dynamodb.ITable, grantee: IGrantable): void {
  grantOn(table, grantee, ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
}

/** Counts files as done or failed, and takes places in the rate limit. */
export function grantFinish(table: dynamodb.ITable, grantee: IGrantable): void {
  grantOn(table, grantee, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
}

/** Looks at jobs and at their failures, and opens failed ones again. */
export function grantOperate(table: dynamodb.ITable, grantee: IGrantable): Grant {
  return grantOn(table, grantee, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem']);
}

/** By names, or of a table with a partition for them all, by one query. */
export function grantLookup(table: dynamodb.ITable, grantee: IGrantable, own: boolean): void {
  grantOn(table, grantee, own ? ['dynamodb:BatchGetItem'] : ['dynamodb:BatchGetItem', 'dynamodb:Query']);
}

function createTable(
  scope: Construct,
  id: string,
  { encryptionKey, removalPolicy }: TableOptions,
  keys: dynamodb.TableOptions,
): dynamodb.Table {
  return new dynamodb.Table(scope, id, {
    ...keys,
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...(encryptionKey && { encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
    removalPolicy,
  });
}

/** grant() of the CDK would add every index by a wildcard. */
function grantOn(table: dynamodb.ITable, grantee: IGrantable, actions: string[]): Grant {
  grantWriteWithKey(table.encryptionKey, grantee);
  return Grant.addToPrincipal({ grantee, actions, resourceArns: [table.tableArn] });
}

const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });
