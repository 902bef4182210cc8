import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { LocalCloud } from '../../src';
import { writeApp } from '../support/app';
import { TOOLS } from '../support/cloud';

jest.setTimeout(120_000);

let cloud: LocalCloud;
let asRole: DynamoDBClient;
let table: string;

beforeAll(async () => {
  const Resources = {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      },
    },
    // What TypedDispatcher allows the tasks of a type
    Worker: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:root' } },
              Action: 'sts:AssumeRole',
            },
          ],
        },
        Policies: [
          {
            PolicyName: 'Turns',
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Effect: 'Allow',
                  Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
                  Resource: { 'Fn::GetAtt': ['Table', 'Arn'] },
                  Condition: {
                    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['F#*', 'S#A', 'S#A/*'] },
                    Null: { 'dynamodb:LeadingKeys': 'false' },
                  },
                },
              ],
            },
          },
        ],
      },
    },
  };
  const Outputs = { Table: { Value: { Ref: 'Table' } }, Role: { Value: { 'Fn::GetAtt': ['Worker', 'Arn'] } } };
  cloud = await LocalCloud.start({ app: writeApp({ App: { Resources, Outputs } }), toolsDir: TOOLS });
  const { Table: name, Role: RoleArn } = cloud.outputs('App');
  table = name;
  const sts = new STSClient(cloud.clientConfig());
  const { Credentials: found } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
  sts.destroy();
  const credentials = {
    accessKeyId: found!.AccessKeyId!,
    secretAccessKey: found!.SecretAccessKey!,
    sessionToken: found!.SessionToken!,
  };
  asRole = new DynamoDBClient({ ...cloud.clientConfig(), credentials, maxAttempts: 1 });
});

afterAll(async () => {
  asRole.destroy();
  await cloud.stop();
});

const update = (pk: string) => ({
  TableName: table,
  Key: { pk: { S: pk } },
  UpdateExpression: 'SET a = :a',
  ExpressionAttributeValues: { ':a': { N: '1' } },
});
const written = async (...keys: string[]): Promise<string> => {
  const items = keys.map((pk) => ({ Update: update(pk) }));
  const [only] = items;
  const write =
    items.length === 1
      ? asRole.send(new UpdateItemCommand(only.Update))
      : asRole.send(new TransactWriteItemsCommand({ TransactItems: items }));
  return write.then(
    () => 'allowed',
    (error: unknown) => (error as Error).name,
  );
};

test.each([[['F#1']], [['S#A']], [['S#A/customer-1', 'F#1']]])(
  'a role may update the items whose partition keys its policy names: %j',
  async (keys) => {
    expect(await written(...keys)).toBe('allowed');
  },
);

test.each([[['S#AB']], [['S#B']], [['P']], [['F#1', 'S#B/customer-1']], [['F#1', 'S#~']]])(
  'and no others, in a transaction neither: %j',
  async (keys) => {
    expect(await written(...keys)).toBe('AccessDeniedException');
  },
);

test('the same holds for reads', async () => {
  const read = (pk: string) => asRole.send(new GetItemCommand({ TableName: table, Key: { pk: { S: pk } } }));
  await expect(read('F#1')).resolves.toBeDefined();
  await expect(read('S#B')).rejects.toThrow(expect.objectContaining({ name: 'AccessDeniedException' }) as Error);
});
