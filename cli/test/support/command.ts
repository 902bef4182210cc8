import type { LocalCloud } from 'fileworks-local';
import { run } from '../../src/program';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. `answer` is the input at a prompt; without it there is no terminal. */
export async function fileworks(args: readonly string[], answer?: string): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(args, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    interactive: answer !== undefined,
    ask: (question) => Promise.resolve(err.push(question)).then(() => answer ?? ''),
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** Points the AWS SDK at a local cloud through the environment. */
export function useEndpoint({
  endpoint,
  region,
  credentials,
}: Pick<LocalCloud, 'endpoint' | 'region' | 'credentials'>): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  });
}
