import type { ReportedStack, ServiceAnswer, ServiceRequest } from '../emulator/emulator';
import { messageOf } from '../errors';
import type { StackArtifact, Template } from './assembly';
import { BOOTSTRAP_STACK, type DeployedStack } from './deployer';
import { prune, type KnownTypes } from './prune';
import { refuseUnsupported } from './refusals';

/** Stacks that other programs deploy through the CloudFormation API, for example `cdk deploy`. */
export class OtherStacks {
  readonly #stacks = new Map<string, DeployedStack>();
  #own = new Set<string>();

  deployed(): readonly DeployedStack[] {
    return [...this.#stacks.values()];
  }

  /** The stacks of the app are no others. */
  exclude(stacks: readonly Pick<StackArtifact, 'name' | 'environment'>[]): void {
    this.#own = new Set(stacks.map(({ name, environment }) => keyOf({ name, ...environment })));
    for (const key of this.#own) {
      this.#stacks.delete(key);
    }
  }

  /** Whether it is the stack of another program. */
  follow({ name, account, region, deployed }: ReportedStack): boolean {
    const key = keyOf({ name, account, region });
    if (this.#own.has(key) || name.startsWith(`${BOOTSTRAP_STACK}-`)) {
      return false;
    }
    this.#stacks.delete(key);
    if (deployed) {
      const template = deployed.template as Template;
      this.#stacks.set(key, { ...deployed, name, environment: { account, region }, template });
    }
    return true;
  }

  /** The template that the emulator can deploy instead of the one that a program sends, or why there is none. */
  prepare({ input }: ServiceRequest, known: KnownTypes, line: (line: string) => void): ServiceAnswer {
    const sent = { name: 'of the request', template: input['template'] as Template };
    try {
      refuseUnsupported(sent);
      const { template, removed } = prune(sent, known);
      removed.forEach(({ logicalId, type, because }) => line(`left out ${logicalId} (${type}): ${because}`));
      return { status: 200, body: { template } };
    } catch (error) {
      return { status: 400, body: { message: messageOf(error) } };
    }
  }
}

const keyOf = ({ name, account, region }: Pick<ReportedStack, 'name' | 'account' | 'region'>) =>
  `${account}/${region}/${name}`;
