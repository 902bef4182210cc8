import { paginateListStackResources } from '@aws-sdk/client-cloudformation';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';

/** A resource of the stack, under the name that its construct has there. */
export interface Part {
  /** Logical id without its hash: the path of the construct, without slashes. */
  readonly name: string;
  readonly type: string;
  readonly physicalId: string;
}

const NESTED = 'AWS::CloudFormation::Stack';

/**
 * Everything of a stack, found by its resources.
 *
 * Nothing else is needed: which queue a worker takes from, where a rule sends to and what a dispatcher dispatches is in
 * their own configuration, as it is
 * now and not as it was deployed.
 */
export class Pipeline {
  private constructor(
    readonly stack: string,
    private readonly parts: readonly Part[],
  ) {}

  /** @throws CliError when there is no such stack */
  static async find(clients: Clients, stack: string): Promise<Pipeline> {
    try {
      return new Pipeline(stack, await listParts(clients, stack));
    } catch (error) {
      if (!/does not exist/.test(String(error))) {
        throw error;
      }
      throw new CliError(
        ExitCode.notFound,
        `--stack names no stack of this account and region, got: ${stack}; look at --region, --profile and the name`,
        { cause: error },
      );
    }
  }

  /** Resources of a type; their names without what all of the kind end with. */
  ofType(type: string, ending = ''): Part[] {
    return this.parts
      .filter((part) => part.type === type)
      .map((part) => ({ ...part, name: without(part.name, ending) }));
  }
}

/** A name without its ending, unless it is nothing else. */
export const without = (name: string, ending: string): string =>
  ending !== '' && name.length > ending.length && name.endsWith(ending) ? name.slice(0, -ending.length) : name;

async function listParts(clients: Clients, stack: string): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const { StackResourceSummaries: page = [] } of paginateListStackResources(
    { client: clients.cloudFormation },
    { StackName: stack },
  )) {
    for (const {
      LogicalResourceId: logicalId = '',
      PhysicalResourceId: physicalId,
      ResourceType: type = '',
      ResourceStatus: status = '',
    } of page) {
      if (physicalId === undefined || status === 'DELETE_COMPLETE') {
        continue;
      }
      if (type === NESTED) {
        parts.push(...(await listParts(clients, physicalId)));
      } else {
        parts.push({ name: logicalId.replace(/[0-9A-F]{8}$/, ''), type, physicalId });
      }
    }
  }
  return parts;
}

/** The one that is meant: by name, or the only one there is. @throws CliError that names those there are */
export function choose<T extends { readonly name: string }>(
  kind: string,
  all: readonly T[],
  name: string | undefined,
): T {
  const known = all.length === 0 ? `this stack has no ${kind}` : `there are ${all.map((one) => one.name).join(', ')}`;
  if (name === undefined) {
    const only = all.at(0);
    if (only === undefined) {
      throw new CliError(ExitCode.notFound, `a ${kind} is needed, and ${known}; look at --stack`);
    }
    if (all.length > 1) {
      throw new CliError(ExitCode.usage, `say which ${kind} is meant: ${known}`);
    }
    return only;
  }
  const found =
    all.find((one) => one.name === name) ?? all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    throw new CliError(ExitCode.notFound, `the ${kind} must be one of this stack, got: ${name}; ${known}`);
  }
  return found;
}
