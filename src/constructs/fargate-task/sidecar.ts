import * as ecs from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from '../private/acknowledge';
import { SidecarDefaults } from './defaults';

/** What a sidecar is added to. */
export interface SidecarTask {
  /** The task definition that it becomes a part of. */
  readonly taskDefinition: ecs.FargateTaskDefinition;
  /** The container that does the work. */
  readonly container: ecs.ContainerDefinition;
  /** Where the sidecar's own output goes: the log group of the task. */
  readonly logging: ecs.LogDriver;
}

/** The settings of an OpenTelemetry collector. */
export interface OpenTelemetryCollectorOptions {
  /**
   * The collector's image. It must be built for the task's `cpuArchitecture`.
   *
   * @default - the collector of the AWS Distro for OpenTelemetry, in a fixed version
   */
  readonly image?: ecs.ContainerImage;

  /**
   * The arguments of the collector, which name its configuration. What another one sends must be granted to the
   * construct.
   *
   * @default ['--config=/etc/ecs/ecs-xray.yaml'], which the image brings: traces come by OTLP and go to X-Ray
   * @see https://github.com/aws-observability/aws-otel-collector/tree/main/config/ecs
   */
  readonly command?: string[];
}

/** Where a log router sends what the container writes. */
export interface LogRouterOptions {
  /**
   * The options of the Fluent Bit output, such as `{ Name: 'firehose', region: 'eu-west-1', delivery_stream: 'logs' }`.
   */
  readonly options: Record<string, string>;

  /**
   * Options whose values ECS takes from Secrets Manager or Parameter Store.
   *
   * @default - no secrets
   */
  readonly secretOptions?: Record<string, ecs.Secret>;

  /**
   * The image of the log router.
   *
   * @default - the Fluent Bit of AWS, in the version that AWS calls stable in the region
   */
  readonly image?: ecs.ContainerImage;
}

/**
 * A container that serves the one that works.
 *
 * ECS starts it first and stops it last, so that it sees the last words too. Its end does not end the task. It takes
 * its CPU and memory from what the task has.
 *
 * Extend it and implement `bind` to bring a sidecar of your own.
 */
export abstract class Sidecar {
  /**
   * An OpenTelemetry collector: it takes traces by OTLP on ports 4317 and 4318 and sends them to X-Ray. The working
   * container is told by
   * `OTEL_EXPORTER_OTLP_ENDPOINT`.
   *
   * There is no sidecar for the X-Ray daemon, whose support ends in February 2027; this is what AWS recommends in its
   * place.
   *
   * @param options image and configuration
   * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon-eos.html
   */
  static openTelemetryCollector(options: OpenTelemetryCollectorOptions = {}): Sidecar {
    return new BuiltInSidecar((task) => {
      addCollector(task, options);
    });
  }

  /**
   * A FireLens log router: what the working container writes goes to Fluent Bit, and from there where `options` say.
   * Grant the construct the destination.
   *
   * The metrics of `runWorker` are log lines that CloudWatch Logs reads, so they are lost unless the router sends them
   * there.
   *
   * @param options where the logs go
   */
  static logRouter(options: LogRouterOptions): Sidecar {
    const logging = ecs.LogDrivers.firelens({ options: options.options, secretOptions: options.secretOptions });
    return new BuiltInSidecar((task) => {
      addLogRouter(task, options);
    }, logging);
  }

  /**
   * Any container. Unless its options say otherwise, its end does not end the task, and its output goes to the task's
   * log group.
   *
   * @param id name of the container
   * @param options what it runs
   */
  static container(id: string, options: ecs.ContainerDefinitionOptions): Sidecar {
    return new BuiltInSidecar((task) => {
      addSidecar(task, id, options);
    });
  }

  /**
   * Where the output of the working container goes instead of its log group.
   *
   * @default - to its log group
   */
  readonly containerLogging?: ecs.LogDriver;

  /**
   * Adds the container.
   *
   * @param task what it is added to
   */
  abstract bind(task: SidecarTask): void;
}

class BuiltInSidecar extends Sidecar {
  override readonly containerLogging?: ecs.LogDriver;
  readonly #bind: (task: SidecarTask) => void;

  constructor(bind: (task: SidecarTask) => void, containerLogging?: ecs.LogDriver) {
    super();
    this.#bind = bind;
    this.containerLogging = containerLogging;
  }

  bind(task: SidecarTask): void {
    this.#bind(task);
  }
}

function addSidecar(
  { taskDefinition, container, logging }: SidecarTask,
  id: string,
  options: ecs.ContainerDefinitionOptions,
): void {
  const sidecar = taskDefinition.addContainer(id, { essential: false, logging, ...options });
  startBefore(sidecar, container);
}

function addCollector(task: SidecarTask, { image, command }: OpenTelemetryCollectorOptions): void {
  addSidecar(task, 'OpenTelemetryCollector', {
    image: image ?? ecs.ContainerImage.fromRegistry(SidecarDefaults.collectorImage),
    command: command ?? [SidecarDefaults.collectorConfiguration],
    readonlyRootFilesystem: true,
    memoryReservationMiB: SidecarDefaults.memoryReservationMiB,
  });
  task.container.addEnvironment('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://localhost:4318');
  task.taskDefinition.addToTaskRolePolicy(
    new PolicyStatement({
      actions: [
        'xray:PutTraceSegments',
        'xray:PutTelemetryRecords',
        'xray:GetSamplingRules',
        'xray:GetSamplingTargets',
      ],
      resources: ['*'],
    }),
  );
  acknowledge(
    task.taskDefinition.taskRole,
    'AwsSolutions-IAM5[Resource::*]',
    'The calls by which a collector sends traces to X-Ray have no narrower resource',
  );
}

function addLogRouter({ taskDefinition, container, logging }: SidecarTask, { image, options }: LogRouterOptions): void {
  const router = taskDefinition.addFirelensLogRouter('LogRouter', {
    image: image ?? ecs.obtainDefaultFluentBitECRImage(taskDefinition, { logDriver: 'awsfirelens', options }),
    firelensConfig: { type: ecs.FirelensLogRouterType.FLUENTBIT },
    // Without its router the container could not write, and ECS would not start it.
    essential: true,
    logging,
    memoryReservationMiB: SidecarDefaults.memoryReservationMiB,
  });
  startBefore(router, container);
}

/** ECS follows dependencies backwards when it stops a task. */
function startBefore(sidecar: ecs.ContainerDefinition, container: ecs.ContainerDefinition): void {
  container.addContainerDependencies({ container: sidecar, condition: ecs.ContainerDependencyCondition.START });
}
