import { messageOf } from '../errors';

const UNREACHABLE =
  /Temporary failure in name resolution|NewConnectionError|Max retries exceeded|ConnectTimeout|Network is unreachable|ProxyError/i;
/** The package, and where it came from, as pip reports a wrong hash. */
const WRONG_HASH = /DO NOT MATCH THE HASHES[^]*?^ {4}(\S+) from (\S+?)(?::$| \()/m;

/** Why pip could not install `requirements`, in one sentence with a remedy. */
export function installFailure(error: unknown, requirements: string): string {
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : messageOf(error);
  const wrong = WRONG_HASH.exec(output);
  if (wrong) {
    return `${wrong[1]} from ${wrong[2]} is not the file whose hash is in ${requirements}: it is damaged, or not what its authors published; run \`pip cache purge\`, name an index that you trust in PIP_INDEX_URL, and try again`;
  }
  if (UNREACHABLE.test(output)) {
    return 'the emulator is installed from the Python package index on the first run, and it cannot be reached; connect to the network, or set PIP_INDEX_URL to a mirror';
  }
  const reason = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^ERROR:/.test(line))
    .at(-1);
  return `the emulator could not be installed: ${reason ?? output.trim().split('\n').at(-1) ?? 'pip gave no reason'}`;
}
