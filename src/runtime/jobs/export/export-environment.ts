import { type DownloadQueueEntry, ExportEnv, ServiceMode } from '../../../contract/export-env.js';
import { queueNameOf } from '../../queue/transport.js';
import { type Environment, EnvironmentReader, trimmed } from '../../support/environment.js';
import { OptionChecks } from '../../support/option-checks.js';

/** What the construct wrote into the container of an export service. */
export interface ExportEnvironment {
  readonly mode: ServiceMode;
  /** Names the service in metrics, events and the shared rate limit. */
  readonly name: string;
  readonly apiUrl: string | undefined;
  readonly apiSecretId: string | undefined;
  readonly apiRequestsPerSecond: number | undefined;
  readonly jobTableName: string;
  readonly eventBusName: string;
  /** The service to suspend while the API is away, as Application Auto Scaling names it. */
  readonly workerService: string | undefined;
  /**
   * For `ExportJobHandler`: the queue of download tasks, by the name of the queue that a job comes from. Throws for a
   * queue that is not known.
   */
  readonly downloadQueueUrl: (exportQueueName: string) => string;
  /** Of the worker; empty for the orchestrator. */
  readonly metadataTableName: string;
  readonly outputBucket: string;
  readonly outputPrefix: string;
}

/**
 * Reads what `ExportOrchestrator` wrote.
 *
 * @throws ConfigurationError with every problem, by variable
 */
export function readExportEnvironment(env: Environment = process.env): ExportEnvironment {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(trimmed(env), 'ExportOrchestrator sets it', checks);
  const mode = variables.optional(ExportEnv.serviceMode);
  const modes: readonly (string | undefined)[] = Object.values(ServiceMode);
  checks.that(
    modes.includes(mode),
    `expected \`${ExportEnv.serviceMode}\` to be one of ${modes.join(', ')}, got: ${String(mode)}`,
  );
  const apiUrl = variables.optional(ExportEnv.apiUrl);
  checks.that(
    apiUrl === undefined || URL.canParse(apiUrl),
    `expected \`${ExportEnv.apiUrl}\` to be a URL, got: ${String(apiUrl)}`,
  );
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
    apiSecretId: variables.optional(ExportEnv.apiSecret),
    apiRequestsPerSecond: rate === undefined ? undefined : Number(rate),
    jobTableName: variables.required(ExportEnv.jobTable, 'the name of a table'),
    eventBusName: variables.required(ExportEnv.eventBus, 'the name of an event bus'),
    workerService: variables.optional(ExportEnv.workerService),
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
