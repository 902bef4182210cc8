import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ZipFile } from 'yazl';
import { LocalCloudError } from '../errors';
import type { FileAsset } from './assembly';

/** The time of zip entries: the same content must give the same bytes. */
const ZIP_TIME = new Date(1980, 0, 1);

/** Publishes a file asset, unless it exists: its key is the hash of its content. */
export async function publishAsset(s3: S3Client, asset: FileAsset): Promise<void> {
  const target = { Bucket: asset.bucket, Key: asset.key };
  if (
    await s3.send(new HeadObjectCommand(target)).then(
      () => true,
      () => false,
    )
  ) {
    return;
  }
  await ensureBucket(s3, asset.bucket, asset.environment.region);
  await s3.send(new PutObjectCommand({ ...target, Body: await contentOf(asset) }));
}

export async function ensureBucket(s3: S3Client, bucket: string, region: string): Promise<void> {
  if (
    await s3.send(new HeadBucketCommand({ Bucket: bucket })).then(
      () => true,
      () => false,
    )
  ) {
    return;
  }
  // S3 refuses the name of its first region as a constraint.
  const constraint =
    region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' } };
  await s3.send(new CreateBucketCommand({ Bucket: bucket, ...constraint }));
}

async function contentOf(asset: FileAsset): Promise<Buffer> {
  const stat = statSync(asset.path, { throwIfNoEntry: false });
  if (!stat) {
    throw new LocalCloudError('AssemblyInvalid', `the asset ${asset.path} does not exist; synthesize the app again`);
  }
  if (asset.packaging === 'file' || stat.isFile()) {
    return buffer(createReadStream(asset.path));
  }
  const zip = new ZipFile();
  for (const file of filesBelow(asset.path)) {
    zip.addFile(file, relative(asset.path, file), { mtime: ZIP_TIME, mode: statSync(file).mode });
  }
  zip.end();
  return buffer(zip.outputStream);
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}
