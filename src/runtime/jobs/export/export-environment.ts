import { type DownloadQueueEntry, ExportEnv, ServiceMode } from '../../../contract/export-env.js';
import { queueNameOf } from '../../queue/transport.js';
import { type Environment, EnvironmentReader, trimmed } from '../../support/environment.js';
import { OptionChecks } from '../../support/option-checks.js';

/** Settings from the environment of an export service container. */
export interface ExportEnvironment {
  readonly mode: ServiceMode;
  /** Name of the service in metrics, events and the shared rate limit. */
  readonly name: string;
  readonly apiUrl: string | undefined;
  /** For `downloadOrigins` of `ExportApiClient`. */
  readonly downloadOrigins: readonly string[];
  readonly apiSecretId: string | undefined;
  readonly apiRequestsPerSecond: number | undefined;
  readonly jobTableName: string;
  readonly eventBusName: string;
  /** For `ExportJobHandler`: the queue of download tasks for the name of a job's queue. Throws for an unknown queue. */
  readonly downloadQueueUrl: (exportQueueName: string) => string;
  /** For the worker; empty for the orchestrator. */
  readonly metadataTableName: string;
  readonly outputBucket: string;
  readonly outputPrefix: string;
}

/**
 * Reads the environment variables set by `ExportOrchestrator`.
 *
 * @throws ConfigurationError with every problem, by variable
 */
export function readExportEnvironment(env: Environment = process.env): ExportEnvironment {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(trimmed(env), 'ExportOrchestrator sets it', checks);
  const mode = variables.optional(ExportEnv.serviceMode);
  checks.oneOf(ExportEnv.serviceMode, mode, Object.values(ServiceMode));
  const apiUrl = variables.url(ExportEnv.apiUrl, 'a URL');
  const rate = variables.optional(ExportEnv.apiRequestsPerSecond);
  checks.that(
    rate === undefined || Number(rate) > 0,
    `expected \`${ExportEnv.apiRequestsPerSecond}\` to be a number of more than 0, got: ${String(rate)}`,
  );
  const queues =
    mode === ServiceMode.orchestrator
      ? parseQueues(variables.required(ExportEnv.downloadQueues, 'a JSON array of queues'))
      : [];
  checks.that(
    queues !== undefined,
    `expected \`${ExportEnv.downloadQueues}\` to be a JSON array of objects with \`exportQueueUrl\` and \`downloadQueueUrl\``,
  );
  const worker = mode === ServiceMode.worker;
  const environment: ExportEnvironment = {
    mode: mode as ServiceMode,
    name: variables.required(ExportEnv.name, 'the name of the export service'),
    apiUrl,
    downloadOrigins: (variables.optional(ExportEnv.downloadOrigins) ?? '').split(/\s+/).filter((text) => text !== ''),
    apiSecretId: variables.optional(ExportEnv.apiSecret),
    apiRequestsPerSecond: rate === undefined ? undefined : Number(rate),
    jobTableName: variables.required(ExportEnv.jobTable, 'the name of a table'),
    eventBusName: variables.required(ExportEnv.eventBus, 'the name of an event bus'),
    downloadQueueUrl: downloadQueues(queues ?? []),
    metadataTableName: worker ? variables.required(ExportEnv.metadataTable, 'the name of a table') : '',
    outputBucket: worker ? variables.required(ExportEnv.outputBucket, 'the name of a bucket') : '',
    outputPrefix: variables.optional(ExportEnv.outputPrefix) ?? '',
  };
  checks.done();
  return environment;
}

function downloadQueues(entries: readonly DownloadQueueEntry[]): (exportQueueName: string) => string {
  const urls = new Map(
    entries.map(({ exportQueueUrl, downloadQueueUrl }) => [queueNameOf(exportQueueUrl), downloadQueueUrl]),
  );
  return (name) => {
    const url = urls.get(name);
    if (url === undefined) {
      throw new RangeError(`Expected a queue that \`${ExportEnv.downloadQueues}\` names, got: ${name}`);
    }
    return url;
  };
}

function parseQueues(text: string): readonly DownloadQueueEntry[] | undefined {
  if (text === '') {
    return [];
  }
  try {
    const value = JSON.parse(text) as readonly Partial<DownloadQueueEntry | null>[];
    const isQueue = (url: unknown) => typeof url === 'string' && URL.canParse(url);
    return value.every((entry) => isQueue(entry?.exportQueueUrl) && isQueue(entry?.downloadQueueUrl))
      ? (value as readonly DownloadQueueEntry[])
      : undefined;
  } catch {
    return undefined;
  }
}
