import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { PAGE_KEY_INFIX } from '../../contract/result-keys';
import { acknowledgeWildcard } from './acknowledge';
import { checkRole, grantWriteWithKey } from './grants';
import { recordResults } from './recursion';

/** Allows `grantee` to read the objects below a prefix. */
export function grantReadObjects(bucket: IBucket, grantee: IGrantable, prefix: string, versioned: boolean): Grant {
  checkRole(grantee);
  bucket.encryptionKey?.grant(grantee, 'kms:Decrypt');
  return grantObjects(bucket, grantee, prefix, versioned ? ['s3:GetObject', 's3:GetObjectVersion'] : ['s3:GetObject']);
}

/** Allows `grantee` to read the tags of the objects below a prefix. */
export function grantReadObjectTags(bucket: IBucket, grantee: IGrantable, prefix: string, versioned: boolean): Grant {
  return grantObjects(
    bucket,
    grantee,
    prefix,
    versioned ? ['s3:GetObjectTagging', 's3:GetObjectVersionTagging'] : ['s3:GetObjectTagging'],
  );
}

/** Allows `grantee` to write the tags of the objects below a prefix. */
export function grantWriteObjectTags(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  return grantObjects(bucket, grantee, prefix, ['s3:PutObjectTagging']);
}

/** Allows `grantee` to delete the objects below a prefix, but not their versions. */
export function grantDeleteObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  return grantObjects(bucket, grantee, prefix, ['s3:DeleteObject']);
}

/** Allows `grantee` to put objects below a prefix, without multipart uploads. */
export function grantPutWholeObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  grantWriteWithKey(bucket.encryptionKey, grantee);
  return grantObjects(bucket, grantee, prefix, ['s3:PutObject']);
}

/** Allows `grantee` to put objects below a prefix, also with multipart uploads, and to abort uploads. */
export function grantPutObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  grantWriteWithKey(bucket.encryptionKey, grantee);
  return grantObjects(bucket, grantee, prefix, ['s3:PutObject', 's3:AbortMultipartUpload']);
}

/**
 * Allows `grantee` to put objects below a prefix, read existing ones, and delete the progress objects of `extractTo`.
 */
export function grantResultObjects(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  recordResults(grantee, bucket, prefix);
  grantWriteWithKey(bucket.encryptionKey, grantee);
  grantObjects(bucket, grantee, `${prefix}*${PAGE_KEY_INFIX}`, ['s3:DeleteObject']);
  return grantObjects(bucket, grantee, prefix, ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject']);
}

/** Allows `grantee` to list the objects below a prefix. */
export function grantList(bucket: IBucket, grantee: IGrantable, prefix: string): Grant {
  const conditions = { StringLike: { 's3:prefix': `${prefix}*` } };
  return Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [bucket.bucketArn], conditions });
}

/** Allows `grantee` to list the objects below a prefix and their versions. */
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
  checkRole(grantee);
  const objects = bucket.arnForObjects(`${prefix}*`);
  if (Construct.isConstruct(grantee.grantPrincipal)) {
    acknowledgeWildcard(
      grantee.grantPrincipal,
      objects,
      'The keys of objects are unknown at synth; the bucket and the prefix limit them',
    );
  }
  return Grant.addToPrincipalOrResource({ grantee, actions, resourceArns: [objects], resource: bucket });
}
