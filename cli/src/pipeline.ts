import { paginateListStackResources } from '@aws-sdk/client-cloudformation';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';

/** A resource of the stack, under the name of its construct. */
export interface Part {
  /** Logical id without its hash: the path of the construct, without slashes. */
  readonly name: string;
  readonly type: string;
  readonly physicalId: string;
}

const NESTED = 'AWS::CloudFormation::Stack';

/**
 * The resources of a stack.
 *
 * The queues of a service, the targets of a rule and the types of a dispatcher are read from their current
 * configuration, so that manual changes are visible too.
 */
export class Pipeline {
  private constructor(
    readonly stack: string,
    private readonly parts: readonly Part[],
  ) {}

  /** @throws CliError if the stack does not exist */
  static async find(clients: Clients, stack: string): Promise<Pipeline> {
    try {
      return new Pipeline(stack, await listParts(clients, stack));
    } catch (error) {
      if (!/does not exist/.test(String(error))) {
        throw error;
      }
      throw new CliError(
        ExitCode.notFound,
        `--stack must name a stack in this account and region, got: ${stack}; check --region, --profile and the name`,
        { cause: error },
      );
    }
  }

  /** Resources of a type; names without the ending that all of them share. */
  ofType(type: string, ending = ''): Part[] {
    return this.parts
      .filter((part) => part.type === type)
      .map((part) => ({ ...part, name: without(part.name, ending) }));
  }
}

/** A name without its ending, unless the name is the ending. */
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

/** The named item, or the only one. @throws CliError that lists the items of the stack */
export function choose<T extends { readonly name: string }>(
  kind: string,
  all: readonly T[],
  name: string | undefined,
): T {
  const known =
    all.length === 0 ? `this stack has no ${kind}` : `this stack has ${all.map((one) => one.name).join(', ')}`;
  if (name === undefined) {
    const only = all.at(0);
    if (only === undefined) {
      throw new CliError(ExitCode.notFound, `a ${kind} is required, but ${known}; check --stack`);
    }
    if (all.length > 1) {
      throw new CliError(ExitCode.usage, `name a ${kind}: ${known}`);
    }
    return only;
  }
  const found =
    all.find((one) => one.name === name) ?? all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    throw new CliError(ExitCode.notFound, `the ${kind} must be one of the stack, got: ${name}; ${known}`);
  }
  return found;
}
