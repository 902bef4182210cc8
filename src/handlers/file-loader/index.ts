import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadRoute, LOAD_ROUTES_FILE } from '../../contract/load-route';
import { fileLoader } from '../../runtime/jobs/load/index';

/** Loads the files of a batch, with the routes that the construct deploys beside this code. */
export const handler = fileLoader({
  routes: JSON.parse(readFileSync(join(__dirname, LOAD_ROUTES_FILE), 'utf8')) as LoadRoute[],
});
