import { CreatePolicyCommand, CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { TransactWriteItemsCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand } from '@aws-sdk/client-sns';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CallRow, TemplateRow, World } from './row';

const S3 = 'https://docs.aws.amazon.com/AmazonS3/latest';
const IAM = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html';

const policy = (characters: number) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${'b'.repeat(characters)}` }],
});
const TRUST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
};

async function upload({ s3, outputs }: World, sizes: readonly number[], order: readonly number[]): Promise<void> {
  const target = { Bucket: outputs['Bucket'], Key: 'parts' };
  const { UploadId: id } = await s3.send(new CreateMultipartUploadCommand(target));
  const tags = new Map<number, string | undefined>();
  for (const [index, size] of sizes.entries()) {
    const part = { ...target, UploadId: id, PartNumber: index + 1, Body: Buffer.alloc(size) };
    tags.set(index + 1, (await s3.send(new UploadPartCommand(part))).ETag);
  }
  const parts = order.map((number) => ({ PartNumber: number, ETag: tags.get(number) }));
  await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId: id, MultipartUpload: { Parts: parts } }));
}

const MIB = 1_048_576;

export const calls: CallRow[] = [
  {
    service: 'S3',
    limit: 'Part of an upload but the last: at least 5 MiB',
    page: `${S3}/API/API_CompleteMultipartUpload.html`,
    call: 'CompleteMultipartUpload with a first part of 1 MiB',
    error: 'EntityTooSmall',
    status: 400,
    send: (world) => upload(world, [MIB, 1], [1, 2]),
  },
  {
    service: 'S3',
    limit: 'Parts of an upload: in ascending order',
    page: `${S3}/API/API_CompleteMultipartUpload.html`,
    call: 'CompleteMultipartUpload with the parts 2, 1',
    error: 'InvalidPartOrder',
    status: 400,
    send: (world) => upload(world, [5 * MIB, 1], [2, 1]),
  },
  {
    service: 'S3',
    limit: 'Parts of an upload: 10,000',
    page: `${S3}/userguide/qfacts.html`,
    call: 'UploadPart with number 10,001',
    error: 'InvalidArgument',
    status: 400,
    send: ({ s3, outputs }) =>
      s3.send(new UploadPartCommand({ Bucket: outputs['Bucket'], Key: 'k', UploadId: 'u', PartNumber: 10_001 })),
  },
  {
    service: 'S3',
    limit: 'Key: 1,024 bytes',
    page: `${S3}/userguide/object-keys.html`,
    call: 'PutObject with 513 letters of two bytes',
    error: 'KeyTooLongError',
    status: 400,
    send: ({ s3, outputs }) =>
      s3.send(new PutObjectCommand({ Bucket: outputs['Bucket'], Key: 'ä'.repeat(513), Body: 'b' })),
  },
  {
    service: 'S3',
    limit: 'User metadata: 2 KB',
    page: `${S3}/userguide/UsingMetadata.html`,
    call: 'PutObject with 2,049 bytes',
    error: 'MetadataTooLarge',
    status: 400,
    send: ({ s3, outputs }) =>
      s3.send(
        new PutObjectCommand({ Bucket: outputs['Bucket'], Key: 'k', Body: 'b', Metadata: { a: 'v'.repeat(2_048) } }),
      ),
  },
  {
    service: 'S3',
    limit: 'Deletion of a bucket: only when it is empty',
    page: `${S3}/API/API_DeleteBucket.html`,
    call: 'DeleteBucket of a bucket with an object',
    error: 'BucketNotEmpty',
    status: 409,
    send: async ({ s3, outputs }) => {
      await s3.send(new PutObjectCommand({ Bucket: outputs['Bucket'], Key: 'k', Body: 'b' }));
      await s3.send(new DeleteBucketCommand({ Bucket: outputs['Bucket'] }));
    },
  },
  {
    service: 'IAM',
    limit: 'Inline policies of a role, together: 10,240 characters',
    page: IAM,
    call: 'PutRolePolicy of the second with 6,000',
    error: 'LimitExceeded',
    status: 409,
    send: async ({ iam }) => {
      await iam.send(new CreateRoleCommand({ RoleName: 'inline', AssumeRolePolicyDocument: JSON.stringify(TRUST) }));
      for (const name of ['first', 'second']) {
        await iam.send(
          new PutRolePolicyCommand({
            RoleName: 'inline',
            PolicyName: name,
            PolicyDocument: JSON.stringify(policy(6_000)),
          }),
        );
      }
    },
  },
  {
    service: 'IAM',
    limit: 'Managed policy: 6,144 characters',
    page: IAM,
    call: 'CreatePolicy with 7,000',
    error: 'LimitExceeded',
    status: 409,
    send: ({ iam }) =>
      iam.send(new CreatePolicyCommand({ PolicyName: 'long', PolicyDocument: JSON.stringify(policy(7_000)) })),
  },
  {
    service: 'IAM',
    limit: 'Trust policy: 2,048 characters',
    page: IAM,
    call: 'CreateRole with 3,000',
    error: 'LimitExceeded',
    status: 409,
    send: ({ iam }) => {
      const statement = { ...TRUST.Statement[0], Sid: 's'.repeat(3_000) };
      const document = JSON.stringify({ ...TRUST, Statement: [statement] });
      return iam.send(new CreateRoleCommand({ RoleName: 'trust', AssumeRolePolicyDocument: document }));
    },
  },
  {
    service: 'IAM',
    limit: 'Name of a role: 64 characters',
    page: IAM,
    call: 'CreateRole with 65',
    error: 'ValidationError',
    status: 400,
    send: ({ iam }) =>
      iam.send(new CreateRoleCommand({ RoleName: 'r'.repeat(65), AssumeRolePolicyDocument: JSON.stringify(TRUST) })),
  },
  {
    service: 'SNS',
    limit: 'Size of a message: 256 KiB',
    page: 'https://docs.aws.amazon.com/sns/latest/api/API_Publish.html',
    call: 'Publish with 262,145 bytes',
    error: 'InvalidParameter',
    status: 400,
    send: ({ sns, outputs }) =>
      sns.send(new PublishCommand({ TopicArn: outputs['Topic'], Message: 'm'.repeat(262_145) })),
  },
  {
    service: 'DynamoDB',
    limit: 'Size of an item: 400 KB',
    page: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html',
    call: 'PutItem with 409,601 bytes',
    error: 'ValidationException',
    status: 400,
    send: ({ dynamoDb, outputs }) =>
      dynamoDb.send(
        new PutItemCommand({ TableName: outputs['Table'], Item: { id: { S: 'i' }, v: { S: 'v'.repeat(409_600) } } }),
      ),
  },
  {
    service: 'DynamoDB',
    limit: 'Items of a transaction: 100',
    page: 'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html',
    call: 'TransactWriteItems with 101',
    error: 'ValidationException',
    status: 400,
    send: ({ dynamoDb, outputs }) =>
      dynamoDb.send(
        new TransactWriteItemsCommand({
          TransactItems: Array.from({ length: 101 }, (_, index) => ({
            Put: { TableName: outputs['Table'], Item: { id: { S: String(index) } } },
          })),
        }),
      ),
  },
];

export const templates: TemplateRow[] = [
  {
    service: 'IAM',
    limit: 'Inline policies of a role, together: 10,240 characters',
    page: IAM,
    template: 'two policies of 6,000 for a role',
    error: 'LimitExceeded',
    resources: {
      Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: TRUST } },
      ...Object.fromEntries(
        ['First', 'Second'].map((name) => [
          name,
          {
            Type: 'AWS::IAM::Policy',
            Properties: { PolicyName: name, PolicyDocument: policy(6_000), Roles: [{ Ref: 'Role' }] },
          },
        ]),
      ),
    },
  },
  {
    service: 'CloudFormation',
    limit: 'Properties of a resource: those of its type',
    page: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html',
    template: 'a queue with `RetentionPeriod`',
    error: 'InvalidRequest',
    resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { RetentionPeriod: 60 } } },
  },
  {
    service: 'CloudFormation',
    limit: 'Properties within a property: those of its type',
    page: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html',
    template: 'a target of a rule with `Retry`',
    error: 'InvalidRequest',
    resources: {
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['app'] },
          Targets: [{ Id: 't', Arn: 'arn:aws:sqs:us-east-1:000000000000:q', Retry: {} }],
        },
      },
    },
  },
  {
    service: 'CloudFormation',
    limit: 'Dependencies: without a circle',
    page: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html',
    template: 'two topics that name one another',
    error: 'ValidationError',
    resources: {
      First: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: { Ref: 'Second' } } },
      Second: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: { Ref: 'First' } } },
    },
  },
];
