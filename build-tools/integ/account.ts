// The account of a run: who calls, and whether it is ready.
import { spawnSync } from 'node:child_process';
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fail, remedyFor } from '../steps.ts';

/** Every stack of a run has it. */
export const TAG = 'fileworks-integ';

export interface Place {
  readonly account: string;
  readonly region: string;
  readonly caller: string;
}

/** Ends this process when there are no credentials. */
export async function whoCalls(region: string): Promise<Place> {
  const client = new STSClient({ region });
  try {
    const { Account: account = '', Arn: caller = '' } = await client.send(new GetCallerIdentityCommand({}));
    return { account, region, caller };
  } catch (error) {
    return fail(
      `AWS does not know who calls (${(error as Error).message}): set credentials, for example with --profile or \`aws sso login\`; for a local cloud, the line \`export\` that it prints`,
    );
  } finally {
    client.destroy();
  }
}

/** Ends this process without Python, which writes archives, or without Docker, with which the CDK builds images. */
export function requirePrograms(buildsImages: boolean): void {
  const missing = remedyFor('python3');
  if (missing !== undefined) {
    fail(missing);
  }
  const program = process.env.CDK_DOCKER ?? 'docker';
  if (buildsImages && spawnSync(program, ['info'], { stdio: 'ignore' }).status !== 0) {
    fail(
      `the images of the deployment are built with Docker, and \`${program} info\` fails: start Docker, or name another program in CDK_DOCKER, for example finch`,
    );
  }
}

/** Ends this process when the CDK cannot deploy, or would change what is not of this run. */
export async function requireReady({ account, region }: Place, stacks: readonly string[]): Promise<void> {
  const client = new CloudFormationClient({ region });
  try {
    if (!(await find(client, 'CDKToolkit'))) {
      fail(`${account}/${region} is not bootstrapped: run \`npx cdk bootstrap aws://${account}/${region}\``);
    }
    for (const name of stacks) {
      const stack = await find(client, name);
      if (stack) {
        const run = runOf(stack);
        fail(
          `the stack ${name} exists in ${account}/${region}: ${run === undefined ? 'it is of no run, so choose another Region with --region, or delete it' : `remove what its run left with \`npm run integ -- --cleanup ${run}\``}`,
        );
      }
    }
  } finally {
    client.destroy();
  }
}

export const runOf = ({ Tags: tags = [] }: Stack): string | undefined => tags.find(({ Key }) => Key === TAG)?.Value;

async function find(client: CloudFormationClient, StackName: string): Promise<Stack | undefined> {
  try {
    return (await client.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
  } catch (error) {
    if (/does not exist/.test((error as Error).message)) {
      return undefined;
    }
    throw error;
  }
}
