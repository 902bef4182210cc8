import type { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

const Indexes = ['due', 'trouble'];

/** The table of the dispatch protocol, as `dispatchTableDefinition` of the runtime has it, with a stream and what production needs. */
export function createStateTable(scope: Construct, removalPolicy: RemovalPolicy): dynamodb.Table {
  const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });
  const table = new dynamodb.Table(scope, 'StateTable', {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveAttribute: 'expiresAt',
    stream: dynamodb.StreamViewType.NEW_IMAGE,
    removalPolicy,
  });
  for (const indexName of Indexes) {
    table.addGlobalSecondaryIndex({
      indexName, partitionKey: text(`${indexName}Pk`), sortKey: text(`${indexName}Sk`), projectionType: dynamodb.ProjectionType.KEYS_ONLY,
    });
  }
  return table;
}

/** Registers and claims: all that changes rows, by single writes and in transactions. */
export function grantDispatch(table: dynamodb.Table, grantee: IGrantable): void {
  // grant() of the CDK would add every index by a wildcard
  grantOn(table, grantee, [
    'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem',
  ]);
}

/** Looks for what is due and what is in trouble. */
export function grantSearch(table: dynamodb.Table, grantee: IGrantable): void {
  grantOn(table, grantee, ['dynamodb:Query'], Indexes.map((index) => `${table.tableArn}/index/${index}`));
}

/** Takes the turn of a file: reads its row, changes it and frees its slot. */
export function grantTurn(table: dynamodb.Table, grantee: IGrantable): void {
  grantOn(table, grantee, ['dynamodb:GetItem', 'dynamodb:UpdateItem']);
}

function grantOn(table: dynamodb.Table, grantee: IGrantable, actions: string[], resourceArns = [table.tableArn]): void {
  Grant.addToPrincipal({ grantee, actions, resourceArns });
}
