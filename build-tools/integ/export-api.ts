// The API that export-service calls: its test serves it on this machine, so that it can simulate faults.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fail } from '../steps.ts';
import { editFile } from './edit-file.ts';

export interface ServedApi {
  /** Where tasks reach it. */
  readonly url: string;
  /** Of this machine. */
  readonly port: number;
}

const PORT = 8087;
/** The example has 20. These are enough for the files of the test, also if a local cloud runs them on this machine. */
const MAX_TASKS = 3;
/** The test holds a file while tasks are replaced, for minutes in an account: each one receives its message. */
const MAX_RECEIVE_COUNT = 20;

/** The API of a deployment; ends this process when the tasks of an account could not reach it. */
export function apiOf(
  name: string,
  { url, endpoint }: { readonly url: string | undefined; readonly endpoint: string | undefined },
): ServedApi | undefined {
  if (name !== 'export-service') {
    return undefined;
  }
  // The tasks of a local cloud are processes of this machine
  const given = url ?? (endpoint === undefined ? undefined : `http://127.0.0.1:${PORT}/`);
  if (given === undefined) {
    return fail(
      `export-service calls an API, which its test serves at http://127.0.0.1:${PORT}: name with --api-url where tasks of the account reach it, for example the address of a tunnel`,
    );
  }
  const { protocol, origin, href } = URL.canParse(given) ? new URL(given) : {};
  if (origin === undefined || !/^https?:$/.test(protocol ?? '') || href !== `${origin}/`) {
    return fail(`--api-url is an address without a path, such as https://name.example.com/, got: ${given}`);
  }
  return { url: href, port: PORT };
}

/** Ends this process when the port is in use, or the address does not lead to it. */
export async function requireReachable({ url, port }: ServedApi): Promise<void> {
  const word = randomUUID();
  const server = createServer((_, response) => response.end(word));
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch (error) {
    fail(`the test serves its API on port ${port} of this machine, which is in use (${(error as Error).message})`);
  }
  const answer = await fetch(url)
    .then((response) => response.text())
    .catch(String);
  server.closeAllConnections();
  server.close();
  if (answer !== word) {
    fail(`${url} does not lead to port ${port} of this machine: start the tunnel, or correct --api-url`);
  }
}

/** Names the API in the stack of a copy of export-service, as its README says. */
export function callApi(folder: string, { url }: ServedApi): void {
  editFile(join(folder, 'export-service-stack.ts'), [
    [`apiUrl: 'https://export-api.example.com/',`, `apiUrl: ${JSON.stringify(url)},`],
    [
      `downloader: network,`,
      `downloader: { ...network, maxTasks: ${MAX_TASKS}, maxReceiveCount: ${MAX_RECEIVE_COUNT} },`,
    ],
  ]);
}
