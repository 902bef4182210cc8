import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { PAGE_KEY_INFIX } from '../../contract/result-keys';
import { acknowledgeWildcard } from './acknowledge';
import { grantWriteWithKey } from './grants';

/** Lets `grantee` read the objects below a prefix. */
export function grantReadObjects(bucket: IBucket, grantee: IGrantable, prefix: string, versioned: boolean): Grant {
  bucket.encryptionKey?.grant(grantee, 'kms:Decrypt');
  return grantObjects(bucket, grantee, prefix, versioned ? ['s3:GetObject', 's3:GetObjectVersion'] : ['s3:GetObject']);
}

/** Lets `grantee` read the tags of the objects below a prefix. */
export function grantReadObjectTags(bucket: IBucket, grantee: IGrantable, prefix: string, versioned: boolean): Grant {
  return grantObjects(
    bucket,
    grantee,
    prefix,
    versioned ? ['s3:GetObjectTagging', 's3:GetObjectVersionTagging'] : ['s3:GetObjectTagging'],
  );
}

/** Lets `grantee` write the tags of the objects below a prefix. */
export function grantWriteObjectTags(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  return grantObjects(bucket, grantee, prefix, ['s3:PutObjectTagging']);
}

/** Lets `grantee` delete the objects below a prefix, but no version of them. */
export function grantDeleteObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  return grantObjects(bucket, grantee, prefix, ['s3:DeleteObject']);
}

/** Lets `grantee` put objects below a prefix, each in one request. */
export function grantPutWholeObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  grantWriteWithKey(bucket.encryptionKey, grantee);
  return grantObjects(bucket, grantee, prefix, ['s3:PutObject']);
}

/** Lets `grantee` put objects below a prefix, also in parts, and give up an upload. */
export function grantPutObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  grantWriteWithKey(bucket.encryptionKey, grantee);
  return grantObjects(bucket, grantee, prefix, ['s3:PutObject', 's3:AbortMultipartUpload']);
}

/**
 * Lets `grantee` put objects below a prefix, read those that are there, and delete what `extractTo` notes about
 * unfinished work.
 */
export function grantResultObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  grantWriteWithKey(bucket.encryptionKey, grantee);
  grantObjects(bucket, grantee, `${prefix}*${PAGE_KEY_INFIX}`, ['s3:DeleteObject']);
  return grantObjects(bucket, grantee, prefix, ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject']);
}

/** Lets `grantee` list the objects below a prefix. */
export function grantList(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  const conditions = { StringLike: { 's3:prefix': `${prefix}*` } };
  return Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [bucket.bucketArn], conditions });
}

/** Lets `grantee` list the objects below a prefix and their versions. */
export function grantListVersions(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  const conditions = prefix === '' ? {} : { conditions: { StringLike: { 's3:prefix': `${prefix}*` } } };
  return Grant.addToPrincipal({
    grantee,
    actions: ['s3:ListBucketVersions'],
    resourceArns: [bucket.bucketArn],
    ...conditions,
  });
}

function grantObjects(bucket: IBucket, grantee: IGrantable, prefix: string, actions: string[]): Grant {
  const objects = bucket.arnForObjects(`${prefix}*`);
  if (Construct.isConstruct(grantee.grantPrincipal)) {
    acknowledgeWildcard(
      grantee.grantPrincipal,
      objects,
      'The keys of objects are not known before they are there; the bucket and the prefix bound them',
    );
  }
  return Grant.addToPrincipalOrResource({ grantee, actions, resourceArns: [objects], resource: bucket });
}
