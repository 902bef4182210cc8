import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Archives } from './archives.ts';
import { ExportApi } from './server.ts';

// EXPORT_API_ARCHIVES=folder EXPORT_API_TOKEN=… node main.ts
const {
  EXPORT_API_ARCHIVES: folder = '.',
  EXPORT_API_TOKEN: token = 'secret',
  EXPORT_API_PORT: port = '8080',
} = process.env;
const paths = readdirSync(folder)
  .filter((name) => /\.(whl|jar|zip)$/.test(name))
  .sort()
  .map((name) => join(folder, name));

/** Jobs are named after the number of their files: `job-15` has 15, and so has `job-15-anything`. */
const filesOf = (jobId: string): number | undefined => {
  const files = /^job-(\d{1,6})(-|$)/.exec(jobId)?.[1];
  return files === undefined ? undefined : Number(files);
};

const api = await ExportApi.listen(
  { archives: await Archives.of(paths), filesOf, token, requestsPerSecond: 200 },
  Number(port),
);
process.stdout.write(`${JSON.stringify({ url: api.url, archives: paths.length })}\n`);
process.once('SIGTERM', () => void api.close());
