import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ExportEnv } from '../../../contract/export-env';
import { checkExcluded, checkPositive, checkWholeNumber } from '../../private/checks';
import { checkSameEnvironment, checkSameRegion, environmentOf } from '../../private/same-environment';
import { ValidationError } from '../../private/validation-error';
import type { QueueScaledFargateWorkerOptions } from '../../queue-scaled-fargate-worker';
import type { ExportOrchestratorProps } from '../export-orchestrator-props';

const MAX_DOWNLOAD_ORIGINS = 50;

/** Checks that need no constructs. Each worker service checks its own options. */
export function checkExportOrchestrator(scope: Construct, props: ExportOrchestratorProps): void {
  for (const [name, options] of Object.entries({
    orchestrator: props.orchestrator ?? {},
    downloader: props.downloader ?? {},
  })) {
    checkService(scope, name, options, props);
  }
  checkEnvironment(scope, 'environment', props);
  checkPositive('apiRequestsPerSecond', props.apiRequestsPerSecond, scope, 10_000);
  const { eventBus } = props;
  checkSameEnvironment(
    { jobTable: environmentOf(props.jobTable), metadataTable: environmentOf(props.metadataTable) },
    'the services find a table by its name, only there',
    scope,
  );
  checkSameRegion({ eventBus }, 'the services send events only to buses of their own region', scope);
  if (props.postProcessing !== undefined) {
    checkSameEnvironment({ eventBus }, 'the rule for postProcessing must be in the account of the bus', scope);
  }
  if (props.apiUrl !== undefined && !Token.isUnresolved(props.apiUrl) && !URL.canParse(props.apiUrl)) {
    throw new ValidationError(`apiUrl must be a URL, got: ${props.apiUrl}`, scope);
  }
  if (props.apiSecret !== undefined && props.apiUrl !== undefined && /^http:/i.test(props.apiUrl)) {
    throw new ValidationError(
      `apiUrl must start with https: because apiSecret is sent there, got: ${props.apiUrl}`,
      scope,
    );
  }
  checkOrigins(props.downloadOrigins ?? [], scope);
  if (
    props.outputPrefix !== undefined &&
    !Token.isUnresolved(props.outputPrefix) &&
    props.outputPrefix.startsWith('/')
  ) {
    throw new ValidationError(
      `outputPrefix cannot start with a slash, because keys do not, got: ${props.outputPrefix}`,
      scope,
    );
  }
  checkWholeNumber(
    'downloaderCpuTargetPercent',
    props.downloaderCpuTargetPercent,
    { min: 1, max: 100, tokens: true },
    scope,
  );
}

function checkOrigins(origins: readonly string[], scope: Construct): void {
  if (origins.length > MAX_DOWNLOAD_ORIGINS) {
    throw new ValidationError(
      `downloadOrigins must have at most ${MAX_DOWNLOAD_ORIGINS} origins, got: ${origins.length}`,
      scope,
    );
  }
  for (const origin of origins.filter((value) => !Token.isUnresolved(value))) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin || !origin.startsWith('https:')) {
      throw new ValidationError(
        `downloadOrigins must hold origins such as https://files.example.com, without a path, got: ${origin}`,
        scope,
      );
    }
  }
}

function checkService(
  scope: Construct,
  name: string,
  options: QueueScaledFargateWorkerOptions,
  props: ExportOrchestratorProps,
): void {
  const { additionalQueues, queueWeight, fifo, contentBasedDeduplication, queue } = options;
  const { retentionPeriod, deadLetterRetention, maxReceiveCount, encryptionKey, removalPolicy } = options;
  const own = (values: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${name}.${key}`, value]));
  checkExcluded(
    'the queues of an ExportOrchestrator',
    own({ additionalQueues, queueWeight }),
    'set priorityQueues',
    scope,
  );
  checkExcluded(
    'the queues of an ExportOrchestrator',
    own({ fifo, contentBasedDeduplication }),
    'omit it: duplicates have no effect, and jobs are not ordered',
    scope,
  );
  if (!(props.priorityQueues ?? false)) {
    checkExcluded(
      'a single queue',
      own({ strictPriority: options.strictPriority }),
      'set priorityQueues, or omit it',
      scope,
    );
  }
  if (queue !== undefined) {
    const remedy = 'set them where the queue is created';
    checkExcluded(
      `${name}.queue`,
      own({ retentionPeriod, deadLetterRetention, maxReceiveCount, encryptionKey, removalPolicy }),
      remedy,
      scope,
    );
  }
  if (options.taskDefinition === undefined && options.image === undefined && props.image === undefined) {
    throw new ValidationError(`image is missing; set image for both services, or ${name}.image`, scope);
  }
  checkEnvironment(scope, name, options);
}

function checkEnvironment(
  scope: Construct,
  name: string,
  { environment = {}, secrets = {} }: Pick<QueueScaledFargateWorkerOptions, 'environment' | 'secrets'>,
): void {
  const reserved: ReadonlySet<string> = new Set(Object.values(ExportEnv));
  const taken = [...Object.keys(environment), ...Object.keys(secrets)].filter((variable) => reserved.has(variable));
  if (taken.length > 0) {
    throw new ValidationError(
      `${name} cannot hold ${taken.join(', ')}, which the construct sets; set the corresponding prop`,
      scope,
    );
  }
}
