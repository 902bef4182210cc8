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

/** The table of `ExportJobStore` and of the shared rate limit. */
export function createJobTable(scope: Construct, options: TableOptions): dynamodb.Table {
  return createTable(scope, 'JobTable', options, {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    timeToLiveAttribute: 'expiresAt',
  });
}

/** The metadata of entries by name, which `DynamoMetadata` reads with `nameAttribute: 'name'`. */
export function createMetadataTable(scope: Construct, options: TableOptions): dynamodb.Table {
  return createTable(scope, 'MetadataTable', options, { partitionKey: text('name') });
}

/** To dispatch the files of jobs: to begin a job, number its files, and close it. */
export function grantDispatch(table: dynamodb.ITable, grantee: IGrantable): void {
  grantOn(table, grantee, ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
}

/** To count files as done or failed, and to use the rate limit. */
export function grantFinish(table: dynamodb.ITable, grantee: IGrantable): void {
  grantOn(table, grantee, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
}

/** To inspect jobs and their failures, and to reopen failed jobs. */
export function grantOperate(table: dynamodb.ITable, grantee: IGrantable): Grant {
  return grantOn(table, grantee, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem']);
}

/** By name, or with one query for a table that has all entries in a partition. */
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

/** grant() of the CDK would add a wildcard for the indexes. */
function grantOn(table: dynamodb.ITable, grantee: IGrantable, actions: string[]): Grant {
  grantWriteWithKey(table.encryptionKey, grantee);
  return Grant.addToPrincipal({ grantee, actions, resourceArns: [table.tableArn] });
}

const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });
