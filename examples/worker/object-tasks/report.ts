import { paginateListObjectsV2, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createLogger } from 'fileworks-runtime';

const HOUR_MS = 3_600_000;
const client = new S3Client({});
const BUCKET = process.env.RESULTS_BUCKET ?? '';

// The hour before the scheduled time of the run, which is the same for a retry
const { scheduledTime } = JSON.parse(process.env.FILEWORKS_JOB_INPUT ?? '{}') as { scheduledTime?: string };
const until = scheduledTime === undefined ? new Date() : new Date(scheduledTime);
const since = new Date(until.getTime() - HOUR_MS);

let files = 0;
for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: BUCKET, Prefix: 'summaries/' })) {
  files += Contents.filter(({ LastModified: at }) => at !== undefined && at >= since && at < until).length;
}
const report = { since, until, files };
await client.send(
  new PutObjectCommand({
    Bucket: BUCKET,
    Key: 'reports/latest.json',
    Body: JSON.stringify(report),
    ContentType: 'application/json',
  }),
);
createLogger().info(report, 'report written');
