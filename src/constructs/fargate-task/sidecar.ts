import * as ecs from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from '../private/acknowledge';
import { SidecarDefaults } from './defaults';

/** The task that a sidecar is added to. */
export interface SidecarTask {
  /** The task definition. */
  readonly taskDefinition: ecs.FargateTaskDefinition;
  /** The main container. */
  readonly container: ecs.ContainerDefinition;
  /** The log driver for the sidecar's output, which writes to the log group of the task. */
  readonly logging: ecs.LogDriver;
}

/** Options of `Sidecar.openTelemetryCollector()`. */
export interface OpenTelemetryCollectorOptions {
  /**
   * The collector's image. It must be built for the task's `cpuArchitecture`.
   *
   * @default - the collector of the AWS Distro for OpenTelemetry, in a pinned version
   */
  readonly image?: ecs.ContainerImage;

  /**
   * The arguments of the collector, which select its configuration. Grant the permissions of another configuration to
   * the construct.
   *
   * @default ['--config=/etc/ecs/ecs-xray.yaml'], which is part of the image: it receives traces by OTLP and sends them
   * to X-Ray
   * @see https://github.com/aws-observability/aws-otel-collector/tree/main/config/ecs
   */
  readonly command?: string[];
}

/** Options of `Sidecar.logRouter()`. */
export interface LogRouterOptions {
  /**
   * The options of the Fluent Bit output, such as `{ Name: 'firehose', region: 'eu-west-1', delivery_stream: 'logs' }`.
   */
  readonly options: Record<string, string>;

  /**
   * Options whose values ECS reads from Secrets Manager or Parameter Store.
   *
   * @default - no secrets
   */
  readonly secretOptions?: Record<string, ecs.Secret>;

  /**
   * The image of the log router.
   *
   * @default - AWS for Fluent Bit, in the stable version of the region
   */
  readonly image?: ecs.ContainerImage;
}

/**
 * An additional container that serves the main container.
 *
 * ECS starts it first and stops it last, so that it receives the last output too. The task continues if it exits. It
 * shares the CPU and memory of the task.
 *
 * Extend this class and implement `bind` for a custom sidecar.
 */
export abstract class Sidecar {
  /**
   * An OpenTelemetry collector, which receives traces by OTLP on ports 4317 and 4318 and sends them to X-Ray. Sets
   * `OTEL_EXPORTER_OTLP_ENDPOINT` in the main container.
   *
   * There is no sidecar for the X-Ray daemon, whose support ends in February 2027; AWS recommends this collector
   * instead.
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
   * A FireLens log router: the output of the main container goes to Fluent Bit, and from there to the destination in
   * `options`. Grant the construct access to the destination.
   *
   * The metrics of `runWorker` are log lines that CloudWatch Logs extracts, so they are lost unless the router sends
   * them there.
   *
   * @param options the destination of the logs
   */
  static logRouter(options: LogRouterOptions): Sidecar {
    const logging = ecs.LogDrivers.firelens({ options: options.options, secretOptions: options.secretOptions });
    return new BuiltInSidecar((task) => {
      addLogRouter(task, options);
    }, logging);
  }

  /**
   * Any container. By default, the task continues if it exits, and its output goes to the task's log group.
   *
   * @param id name of the container
   * @param options the container
   */
  static container(id: string, options: ecs.ContainerDefinitionOptions): Sidecar {
    return new BuiltInSidecar((task) => {
      addSidecar(task, id, options);
    });
  }

  /**
   * The log driver of the main container, in place of its log group.
   *
   * @default - the main container writes to its log group
   */
  readonly containerLogging?: ecs.LogDriver;

  /**
   * Adds the container.
   *
   * @param task the task that the container is added to
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
    'The X-Ray actions of a collector have no narrower resource',
  );
}

function addLogRouter({ taskDefinition, container, logging }: SidecarTask, { image, options }: LogRouterOptions): void {
  const router = taskDefinition.addFirelensLogRouter('LogRouter', {
    image: image ?? ecs.obtainDefaultFluentBitECRImage(taskDefinition, { logDriver: 'awsfirelens', options }),
    firelensConfig: { type: ecs.FirelensLogRouterType.FLUENTBIT },
    // ECS does not start a container whose log router is missing.
    essential: true,
    logging,
    memoryReservationMiB: SidecarDefaults.memoryReservationMiB,
  });
  startBefore(router, container);
}

/** ECS stops containers in the reverse order of their dependencies. */
function startBefore(sidecar: ecs.ContainerDefinition, container: ecs.ContainerDefinition): void {
  container.addContainerDependencies({ container: sidecar, condition: ecs.ContainerDependencyCondition.START });
}
