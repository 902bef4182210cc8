import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { startDynamoDbLocal, type DynamoDbLocal } from '../../test/support/dynamodb-local';
import { LocalCloud } from '../src';
import { writeApp } from './support/app';
import { TOOLS, until } from './support/cloud';

jest.setTimeout(240_000);

/** Copies each new item of the first table into the second one, and may do nothing else. */
const COPY = `
const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');
const client = new DynamoDBClient();
exports.handler = async ({ Records: records }) => {
  for (const { eventName, dynamodb } of records) {
    const Item = { ...dynamodb.NewImage, event: { S: eventName } };
    await client.send(new PutItemCommand({ TableName: process.env.TARGET, Item }));
  }
};`;

const table = (more: object = {}) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'team', AttributeType: 'S' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byTeam',
        KeySchema: [{ AttributeName: 'team', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    ...more,
  },
});
const app = {
  Engine: {
    Resources: {
      Source: table({ StreamSpecification: { StreamViewType: 'NEW_IMAGE' } }),
      Target: table(),
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
          },
          Policies: [
            {
              PolicyName: 'copy',
              PolicyDocument: {
                Version: '2012-10-17',
                Statement: [
                  {
                    Effect: 'Allow',
                    Action: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
                    Resource: { 'Fn::GetAtt': ['Source', 'StreamArn'] },
                  },
                  { Effect: 'Allow', Action: ['dynamodb:ListStreams', 'logs:*'], Resource: '*' },
                  { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: { 'Fn::GetAtt': ['Target', 'Arn'] } },
                ],
              },
            },
          ],
        },
      },
      Copy: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
          Code: { ZipFile: COPY },
          Environment: { Variables: { TARGET: { Ref: 'Target' } } },
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          FunctionName: { Ref: 'Copy' },
          EventSourceArn: { 'Fn::GetAtt': ['Source', 'StreamArn'] },
          StartingPosition: 'TRIM_HORIZON',
        },
      },
    },
    Outputs: { Source: { Value: { Ref: 'Source' } }, Target: { Value: { Ref: 'Target' } } },
  },
};

describe('with DynamoDB Local as the engine of tables', () => {
  let engine: DynamoDbLocal;
  let cloud: LocalCloud;
  let dynamodb: DynamoDBClient;
  /** The engine itself, in the account and region of the cloud. */
  let direct: DynamoDBClient;
  let source: string;
  let target: string;

  beforeAll(async () => {
    engine = await startDynamoDbLocal();
    cloud = await LocalCloud.start({ app: writeApp(app), toolsDir: TOOLS, engines: { dynamodb: engine.endpoint } });
    ({ Source: source, Target: target } = cloud.outputs('Engine'));
    dynamodb = new DynamoDBClient(cloud.clientConfig());
    const credentials = { accessKeyId: cloud.account, secretAccessKey: 'any' };
    direct = new DynamoDBClient({ endpoint: engine.endpoint, region: cloud.region, credentials });
  });

  afterAll(async () => {
    [dynamodb, direct].forEach((client) => client.destroy());
    await cloud.stop();
    await engine.stop();
  });

  const write = (TableName: string, pk: string) => ({
    Put: {
      TableName,
      Item: { pk: { S: pk }, team: { S: 'a' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  });

  test('a transaction is all or nothing, with the reasons of the engine', async () => {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [write(source, '1'), write(target, '2')] }));
    const again = new TransactWriteItemsCommand({ TransactItems: [write(source, '3'), write(target, '2')] });
    await expect(dynamodb.send(again)).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    });
    const { Item: third } = await direct.send(new GetItemCommand({ TableName: source, Key: { pk: { S: '3' } } }));
    const { Item: first } = await direct.send(new GetItemCommand({ TableName: source, Key: { pk: { S: '1' } } }));
    expect([first, third]).toEqual([{ pk: { S: '1' }, team: { S: 'a' } }, undefined]);
  });

  test('an index is read by its keys', async () => {
    const { Items: items } = await dynamodb.send(
      new QueryCommand({
        TableName: source,
        IndexName: 'byTeam',
        KeyConditionExpression: 'team = :team',
        ExpressionAttributeValues: { ':team': { S: 'a' } },
      }),
    );
    expect(items).toEqual([{ pk: { S: '1' }, team: { S: 'a' } }]);
  });

  test('a function gets the records of its stream, with the permissions of its role', async () => {
    await dynamodb.send(new PutItemCommand({ TableName: source, Item: { pk: { S: '4' }, team: { S: 'b' } } }));
    for (const [pk, team] of [
      ['1', 'a'],
      ['4', 'b'],
    ]) {
      const copied = await until(
        async () => (await dynamodb.send(new GetItemCommand({ TableName: target, Key: { pk: { S: pk } } }))).Item,
        `the copy of ${pk}`,
      );
      expect(copied).toEqual({ pk: { S: pk }, team: { S: team }, event: { S: 'INSERT' } });
    }
    expect(cloud.denials()).toEqual([]);
  });
});
