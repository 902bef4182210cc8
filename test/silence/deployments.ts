import type { LocalCloud } from 'fileworks-local';
import type { DeploymentOptions } from '../e2e/support/deployment';
import { zip } from '../e2e/support/zip';
import { batches } from './feeds/batches';
import { exportJobs } from './feeds/export-jobs';
import { files } from './feeds/files';
import { orders } from './feeds/orders';
import type { Feed } from './player';

/** A reference deployment, and what arrives in it while parts are switched off. */
export interface Deployment {
  readonly options?: DeploymentOptions;
  /** Starts to feed the running deployment. */
  readonly feed: (cloud: LocalCloud) => Promise<Feed> | Feed;
  /** Stops what runs beside the cloud. */
  readonly stop?: () => Promise<void>;
}

export const DEPLOYMENTS: Readonly<Record<string, () => Promise<Deployment> | Deployment>> = {
  quickstart: () => ({
    feed: files({
      stack: 'Quickstart',
      everyMinutes: 1,
      from: 'IncomingBucket',
      to: 'ResultsBucket',
      file: (index) => ({ key: `incoming/${index}.zip`, body: zip(2, String(index)) }),
      result: (key) => `manifests/${key.replace('incoming/', '')}.json`,
    }),
  }),
  'object-tasks': () => ({
    feed: files({
      stack: 'ObjectTasks',
      everyMinutes: 3,
      from: 'IncomingBucket',
      to: 'ResultsBucket',
      file: (index) => ({ key: `in/${index}.jsonl`, body: Buffer.from(`{"id":${index}}\n`) }),
      result: (key, version) => `summaries/${key.replace('in/', '')}@${version}.json`,
    }),
  }),
  'typed-ingest': () => ({
    feed: files({
      stack: 'TypedIngest',
      everyMinutes: 3,
      from: 'IncomingBucket',
      to: 'ResultsBucket',
      file: (index) => ({ key: `incoming/c/${index}.txt`, body: Buffer.from(`file ${index}\n`) }),
      result: (key) => `summaries/${key}.json`,
    }),
  }),
  'csv-batch': batches,
  'export-service': exportJobs,
  'json-loader': orders,
};
