import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  paginateDescribeStackEvents,
  UpdateStackCommand,
  type Stack,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ClientConfigOf } from '../clients';
import { LocalCloudError, messageOf } from '../errors';
import type { TemplateFindings } from '../emulator/emulator';
import type { Environment } from '../types';
import type { StackArtifact, Template } from './assembly';
import { ensureBucket, publishAsset } from './assets';
import { prune, type KnownTypes } from './prune';
import { refuseUnsupported } from './refusals';

export interface DeployedStack {
  readonly name: string;
  readonly environment: Environment;
  /** As synthesized, including the resources that were left out of the deployment. */
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Names of exports and their values. */
  readonly exports: Readonly<Record<string, string>>;
  /** Physical ids by logical id. */
  readonly resources: Readonly<Partial<Record<string, string>>>;
}

export interface DeployerOptions {
  readonly clientConfig: ClientConfigOf;
  readonly knownTypes: KnownTypes;
  /** For messages. */
  readonly logDir: string;
  readonly line: (line: string) => void;
  /** What AWS would refuse of a stack, and what its author should know. */
  readonly check: (stack: StackArtifact) => Promise<TemplateFindings>;
}

const POLL_MS = 100;
const TIMEOUT_MS = 10 * 60_000;
/** Its name, a dash and the qualifier: the version parameter of `cdk bootstrap`. */
export const BOOTSTRAP_STACK = 'CDKToolkit';
const BOOTSTRAP_VERSION = '30';
const CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'] as const;

/** Deploys stacks of a cloud assembly to the emulator through the CloudFormation API. */
export class Deployer {
  readonly #options: DeployerOptions;
  readonly #bootstrapped = new Set<string>();

  constructor(options: DeployerOptions) {
    this.#options = options;
  }

  /** Deploys the stacks in the given order, and deletes those of `previous` that are gone. */
  async deploy(stacks: readonly StackArtifact[], previous: readonly DeployedStack[] = []): Promise<DeployedStack[]> {
    // All refusals come before the first resource is created.
    const pruned = stacks.map((stack) => {
      refuseUnsupported(stack);
      return { stack, ...prune(stack, this.#options.knownTypes) };
    });
    await this.#check(stacks);
    const deployed: DeployedStack[] = [];
    for (const { stack, template, removed } of pruned) {
      removed.forEach(({ logicalId, type, because }) =>
        this.#options.line(`${stack.name}: left out ${logicalId} (${type}): ${because}`),
      );
      deployed.push(await this.#deployStack(stack, template));
    }
    for (const gone of [...previous].reverse().filter(({ name }) => !stacks.some((stack) => stack.name === name))) {
      await this.#deleteStack(gone);
    }
    return deployed;
  }

  async #check(stacks: readonly StackArtifact[]): Promise<void> {
    const refused: string[] = [];
    for (const stack of stacks) {
      const { errors, notes } = await this.#options.check(stack);
      notes.forEach((note) => this.#options.line(`${stack.name}: ${note}`));
      refused.push(...errors.map((error) => `stack ${stack.name}: ${error}`));
    }
    if (refused.length > 0) {
      throw new LocalCloudError('TemplateRefused', `AWS would refuse the app:\n${refused.join('\n')}`);
    }
  }

  async #deployStack(stack: StackArtifact, template: Template): Promise<DeployedStack> {
    const config = this.#options.clientConfig(stack.environment);
    const cloudFormation = new CloudFormationClient(config);
    const s3 = new S3Client(config);
    try {
      await this.#bootstrap(cloudFormation, s3, stack);
      for (const asset of stack.files) {
        await publishAsset(s3, asset);
      }
      const started = Date.now();
      let before = await describe(cloudFormation, stack.name);
      if (before?.StackStatus === 'ROLLBACK_COMPLETE') {
        // A stack whose creation failed can only be deleted.
        await this.#deleteStack(stack);
        before = undefined;
      }
      let done = before ? 'updated' : 'created';
      const templateUrl = await this.#uploadTemplate(s3, stack, template);
      const request = {
        StackName: stack.name,
        TemplateURL: templateUrl,
        Capabilities: [...CAPABILITIES],
        Parameters: Object.entries(stack.parameters).map(([key, value]) => ({
          ParameterKey: key,
          ParameterValue: value,
        })),
        Tags: Object.entries(stack.tags).map(([key, value]) => ({ Key: key, Value: value })),
      };
      if (!before) {
        await cloudFormation.send(new CreateStackCommand(request)).catch(rejected(stack.name));
      } else {
        await cloudFormation.send(new UpdateStackCommand(request)).catch((error: unknown) => {
          if (!/No updates are to be performed/.test(messageOf(error))) {
            rejected(stack.name)(error);
          }
          done = 'unchanged';
        });
      }
      const after = done === 'unchanged' && before ? before : await this.#untilDone(cloudFormation, stack.name);
      const deployed = await this.#describeDeployed(cloudFormation, stack, after);
      this.#options.line(`${stack.name}: ${done} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
      return deployed;
    } finally {
      cloudFormation.destroy();
      s3.destroy();
    }
  }

  /** The resources of `cdk bootstrap` that templates need: the version parameter, and the asset buckets. */
  async #bootstrap(cloudFormation: CloudFormationClient, s3: S3Client, stack: StackArtifact): Promise<void> {
    const place = `${stack.environment.account}/${stack.environment.region}`;
    await ensureBucket(s3, stagingBucket(stack.environment), stack.environment.region);
    const names = Object.values(stack.template.Parameters ?? {})
      .filter(
        ({ Type: type, Default: value }) =>
          type.startsWith('AWS::SSM::Parameter::Value') && String(value).startsWith('/cdk-bootstrap/'),
      )
      .map(({ Default: value }) => String(value));
    for (const name of names.filter((candidate) => !this.#bootstrapped.has(`${place}${candidate}`))) {
      const qualifier = name.split('/')[2] ?? '';
      const stackName = `${BOOTSTRAP_STACK}-${qualifier}`;
      const template = {
        Resources: {
          Version: {
            Type: 'AWS::SSM::Parameter',
            Properties: { Type: 'String', Name: name, Value: BOOTSTRAP_VERSION },
          },
        },
      };
      await cloudFormation.send(
        new CreateStackCommand({ StackName: stackName, TemplateBody: JSON.stringify(template) }),
      );
      await this.#untilDone(cloudFormation, stackName);
      this.#bootstrapped.add(`${place}${name}`);
    }
  }

  async #uploadTemplate(s3: S3Client, stack: StackArtifact, template: Template): Promise<string> {
    const target = { Bucket: stagingBucket(stack.environment), Key: `${stack.name}.template.json` };
    await s3.send(new PutObjectCommand({ ...target, Body: JSON.stringify(template) }));
    return `${this.#options.clientConfig(stack.environment).endpoint}/${target.Bucket}/${target.Key}`;
  }

  async #untilDone(cloudFormation: CloudFormationClient, name: string): Promise<Stack> {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const stack = await describe(cloudFormation, name);
      const status = stack?.StackStatus ?? 'DELETE_COMPLETE';
      if (stack && (status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE')) {
        return stack;
      }
      if (!status.endsWith('IN_PROGRESS')) {
        throw new LocalCloudError(
          'DeploymentFailed',
          `stack ${name} ended in ${status}: ${(await firstFailure(cloudFormation, name)) ?? stack?.StackStatusReason ?? 'no reason given'}; logs are in ${this.#options.logDir}`,
        );
      }
      if (Date.now() > deadline) {
        throw new LocalCloudError(
          'DeploymentFailed',
          `stack ${name} is still ${status} after ${TIMEOUT_MS / 60_000} minutes; logs are in ${this.#options.logDir}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #describeDeployed(
    cloudFormation: CloudFormationClient,
    stack: StackArtifact,
    described: Stack,
  ): Promise<DeployedStack> {
    const { StackResources: resources = [] } = await cloudFormation.send(
      new DescribeStackResourcesCommand({ StackName: stack.name }),
    );
    const outputs = described.Outputs ?? [];
    return {
      name: stack.name,
      environment: stack.environment,
      template: stack.template,
      parameters: { ...defaultsOf(stack.template), ...stack.parameters },
      outputs: Object.fromEntries(outputs.map(({ OutputKey: key = '', OutputValue: value = '' }) => [key, value])),
      exports: Object.fromEntries(
        outputs.flatMap(({ ExportName: name, OutputValue: value = '' }) => (name === undefined ? [] : [[name, value]])),
      ),
      resources: Object.fromEntries(
        resources.map(({ LogicalResourceId: id = '', PhysicalResourceId: physical = '' }) => [id, physical]),
      ),
    };
  }

  async #deleteStack(stack: Pick<DeployedStack, 'name' | 'environment'>): Promise<void> {
    const cloudFormation = new CloudFormationClient(this.#options.clientConfig(stack.environment));
    try {
      await cloudFormation.send(new DeleteStackCommand({ StackName: stack.name }));
      for (
        let found = await describe(cloudFormation, stack.name);
        found;
        found = await describe(cloudFormation, stack.name)
      ) {
        if (found.StackStatus === 'DELETE_COMPLETE') {
          break;
        }
        if (found.StackStatus === 'DELETE_FAILED') {
          throw new LocalCloudError(
            'DeploymentFailed',
            `stack ${stack.name} cannot be deleted: ${(await firstFailure(cloudFormation, stack.name)) ?? 'no reason given'}; logs are in ${this.#options.logDir}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      this.#options.line(`${stack.name}: deleted`);
    } finally {
      cloudFormation.destroy();
    }
  }
}

function stagingBucket({ account, region }: Environment): string {
  return `fileworks-local-templates-${account}-${region}`;
}

function defaultsOf(template: Template): Record<string, string> {
  const parameters = Object.entries(template.Parameters ?? {});
  return Object.fromEntries(
    parameters.flatMap(([name, { Default: value }]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

async function describe(cloudFormation: CloudFormationClient, name: string): Promise<Stack | undefined> {
  const answer = await cloudFormation.send(new DescribeStacksCommand({ StackName: name })).catch((error: unknown) => {
    if (/does not exist/.test(messageOf(error))) {
      return undefined;
    }
    throw error;
  });
  return answer?.Stacks?.[0];
}

/** The first resource that failed, with its reason; without resources that were cancelled because of it. */
async function firstFailure(cloudFormation: CloudFormationClient, name: string): Promise<string | undefined> {
  let first: StackEvent | undefined;
  for await (const event of operationEvents(cloudFormation, name)) {
    const { ResourceStatus: status = '', ResourceType: type, ResourceStatusReason: reason = '' } = event;
    if (status.endsWith('_FAILED') && type !== 'AWS::CloudFormation::Stack' && !/cancelled/i.test(reason)) {
      first = event;
    }
  }
  return (
    first &&
    `${first.LogicalResourceId ?? ''} (${first.ResourceType ?? ''}): ${withoutFrames(first.ResourceStatusReason) || 'no reason given'}`
  );
}

/** The events of the last operation of a stack, newest first. */
async function* operationEvents(client: CloudFormationClient, name: string): AsyncGenerator<StackEvent> {
  for await (const { StackEvents: events = [] } of paginateDescribeStackEvents({ client }, { StackName: name })) {
    for (const event of events) {
      if (event.LogicalResourceId === name && /^(CREATE|UPDATE|DELETE)_IN_PROGRESS$/.test(event.ResourceStatus ?? '')) {
        return;
      }
      yield event;
    }
  }
}

/** The reason of a custom resource may hold the stack trace of its function. */
function withoutFrames(reason = ''): string {
  return reason
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join(' ')
    .trim();
}

function rejected(name: string): (error: unknown) => never {
  return (error) => {
    throw new LocalCloudError('DeploymentFailed', `stack ${name} was rejected: ${messageOf(error)}`, { cause: error });
  };
}
