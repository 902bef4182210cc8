import { SimulatorError } from '../failure.ts';
import { numberOf, references, resourcesOf, type Properties, type Template } from './template.ts';

/** The tasks of the scaled service, as the template defines them. */
export interface Worker {
  /** Logical id of the service. */
  readonly service: string;
  readonly vcpu: number;
  readonly memoryGiB: number;
  /** GiB of disk beyond the 20 that the price includes. */
  readonly extraStorageGiB: number;
  readonly architecture: 'X86_64' | 'ARM64';
  readonly capacity: readonly CapacityShare[];
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopTimeoutSeconds: number;
  /** Jobs that a task runs at the same time. */
  readonly slots: number;
  /** Whether a busy task is protected from scale-in. */
  readonly protection: boolean;
  readonly wake: Wake;
}

/**
 * The tasks that an arrival starts before the metrics report it: none; one, kept until the metrics report; or as many
 * as the backlog needs, updated each minute, as our worker's wake-up does.
 */
export type Wake = 'off' | 'one' | 'backlog';

export interface CapacityShare {
  readonly spot: boolean;
  readonly base: number;
  readonly weight: number;
}

/** Options that the template does not define, or that override it. */
export interface WorkerOptions {
  /** Logical id of the service, for a template with several. */
  readonly service?: string;
  readonly slots?: number;
  readonly protection?: boolean;
  readonly wake?: Wake;
}

const DEFAULT_STOP_TIMEOUT_SECONDS = 30;
const FREE_STORAGE_GIB = 20;

/** Finds the service of the template's scalable target, and reads its tasks. */
export function readWorker(template: Template, options: WorkerOptions = {}): Worker {
  const service = findService(template, options.service);
  const resources = new Map(Object.entries(template.Resources));
  const properties = template.Resources[service].Properties ?? {};
  const taskDefinition = references(properties['TaskDefinition'])
    .map((id) => resources.get(id)?.Properties)
    .find((found) => found !== undefined);
  if (!taskDefinition) {
    throw new SimulatorError(
      `the task definition of service ${service} is not in the template, so the size and price of a task are unknown; simulate a template that contains both`,
    );
  }
  const containers = (taskDefinition['ContainerDefinitions'] ?? []) as readonly Properties[];
  const variables = containers.flatMap(
    ({ Environment: environment = [] }) => environment as { Name: string; Value: unknown }[],
  );
  const slots = variables.find(({ Name: name }) => name === 'FILEWORKS_CONCURRENCY')?.Value;
  const stopTimeouts = containers.map(
    ({ StopTimeout: timeout }) =>
      numberOf(template, timeout, `StopTimeout of ${service}`) ?? DEFAULT_STOP_TIMEOUT_SECONDS,
  );
  const storage = (taskDefinition['EphemeralStorage'] as Properties | undefined)?.['SizeInGiB'];
  const functionRoles = resourcesOf(template, 'AWS::Lambda::Function').flatMap(([, { Role: role }]) =>
    references(role),
  );
  return {
    service,
    vcpu: (numberOf(template, taskDefinition['Cpu'], `Cpu of ${service}`) ?? 256) / 1_024,
    memoryGiB: (numberOf(template, taskDefinition['Memory'], `Memory of ${service}`) ?? 512) / 1_024,
    extraStorageGiB: Math.max(
      0,
      (numberOf(template, storage, `EphemeralStorage of ${service}`) ?? FREE_STORAGE_GIB) - FREE_STORAGE_GIB,
    ),
    architecture:
      (taskDefinition['RuntimePlatform'] as Properties | undefined)?.['CpuArchitecture'] === 'ARM64'
        ? 'ARM64'
        : 'X86_64',
    capacity: readCapacity(properties),
    stopTimeoutSeconds: Math.max(...stopTimeouts, 0),
    slots: options.slots ?? numberOf(template, slots, `FILEWORKS_CONCURRENCY of ${service}`) ?? 1,
    protection:
      options.protection ?? mayCall(template, references(taskDefinition['TaskRoleArn']), 'ecs:UpdateTaskProtection'),
    wake:
      options.wake ??
      (mayCall(template, functionRoles, 'application-autoscaling:RegisterScalableTarget') ? 'backlog' : 'off'),
  };
}

function findService(template: Template, wanted: string | undefined): string {
  const services = new Set(resourcesOf(template, 'AWS::ECS::Service').map(([id]) => id));
  const scaled = resourcesOf(template, 'AWS::ApplicationAutoScaling::ScalableTarget')
    .flatMap(([, properties]) => references(properties['ResourceId']))
    .filter((id) => services.has(id));
  if (wanted !== undefined) {
    if (!scaled.includes(wanted)) {
      throw new SimulatorError(
        `--service ${wanted} is not a scaled service of the template; it has ${scaled.join(', ') || 'none'}`,
      );
    }
    return wanted;
  }
  const [service, ...others] = [...new Set(scaled)] as [string?, ...string[]];
  if (service === undefined) {
    throw new SimulatorError(
      'the template scales no ECS service: it has no AWS::ApplicationAutoScaling::ScalableTarget for one',
    );
  }
  if (others.length > 0) {
    throw new SimulatorError(
      `the template scales several services; choose one with --service ${[service, ...others].join(' or --service ')}`,
    );
  }
  return service;
}

function readCapacity(service: Properties): CapacityShare[] {
  const strategy = service['CapacityProviderStrategy'] as
    readonly { CapacityProvider: string; Base?: number; Weight?: number }[] | undefined;
  if (!strategy) {
    return [{ spot: false, base: 0, weight: 1 }];
  }
  return strategy.map(({ CapacityProvider: provider, Base: base = 0, Weight: weight = 0 }) => ({
    spot: provider === 'FARGATE_SPOT',
    base,
    weight,
  }));
}

/**
 * Whether one of these roles has a permission that only a protected worker, or only the function of a wake-up, needs.
 */
function mayCall(template: Template, roles: readonly string[], action: string): boolean {
  const policies = resourcesOf(template, 'AWS::IAM::Policy').filter(([, { Roles: of }]) =>
    references(of).some((role) => roles.includes(role)),
  );
  const inline = resourcesOf(template, 'AWS::IAM::Role').filter(([id]) => roles.includes(id));
  return JSON.stringify([...policies, ...inline]).includes(`"${action}"`);
}
