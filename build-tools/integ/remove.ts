// Removes the stacks of a run, with what CloudFormation leaves: contents of buckets, retained resources, log groups.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  paginateDescribeStackEvents,
  paginateDescribeStacks,
  paginateListStackResources,
  paginateListStacks,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { runOf, TAG } from './account.ts';
import {
  emptyBucket,
  logGroupsOf,
  removeNamed,
  removeResource,
  stopBuilds,
  stopTasks,
  type Left,
} from './resources.ts';

/** A worker may write into a bucket after it was emptied. */
const ATTEMPTS = 3;
const DELETED_STACKS_DAYS = 1;
const DAY_MS = 86_400_000;

export interface Removal {
  readonly region: string;
  readonly run: string;
  readonly pollMs: number;
  readonly print: (line: string) => void;
}

/** Removes all that a run has created; returns what is left, one sentence for each. May be called again. */
export async function removeRun({ region, run, pollMs, print }: Removal): Promise<string[]> {
  const client = new CloudFormationClient({ region });
  const problems: string[] = [];
  try {
    const stacks = await stacksOf(client, run);
    print(
      stacks.length === 0
        ? `run ${run} has left no stacks in ${region}`
        : `removing ${stacks.map(({ StackName }) => StackName).join(', ')}`,
    );
    // Those of other runs, or of the day before, may have the same names, so stacks are named by their ids
    for (const { StackId: id = '', StackName: name = '', StackStatus: status } of stacks) {
      try {
        const parts = status === 'DELETE_COMPLETE' ? [] : await resourcesOf(client, id);
        if (status !== 'DELETE_COMPLETE') {
          await deleteStack(client, region, id, parts, pollMs);
        }
        for (const left of [...(await retainedBy(client, id)), ...logGroupsOf(parts)]) {
          try {
            if (await removeResource(region, left)) {
              print(`removed ${left.type} ${left.id}`);
            }
          } catch (error) {
            problems.push(`${left.type} ${left.id} of stack ${name}: ${(error as Error).message}`);
          }
        }
        print(`removed the stack ${name}`);
      } catch (error) {
        problems.push(`stack ${name}: ${(error as Error).message}`);
      }
    }
    try {
      (await removeNamed(region, `${TAG}-${run}-`)).forEach((name) => print(`removed ${name}`));
    } catch (error) {
      problems.push(`what the tests have created: ${(error as Error).message}`);
    }
  } finally {
    client.destroy();
  }
  return problems;
}

/** The stacks of a run, those that others may import from last; also deleted ones, which may have left resources. */
async function stacksOf(client: CloudFormationClient, run: string): Promise<Stack[]> {
  const found = new Map<string, Stack>();
  for await (const { Stacks: stacks = [] } of paginateDescribeStacks({ client }, {})) {
    stacks.forEach((stack) => found.set(stack.StackId ?? '', stack));
  }
  const filter = { StackStatusFilter: ['DELETE_COMPLETE' as const] };
  for await (const { StackSummaries: summaries = [] } of paginateListStacks({ client }, filter)) {
    for (const { StackId: id = '', DeletionTime: at } of summaries) {
      if (at === undefined || Date.now() - at.getTime() < DELETED_STACKS_DAYS * DAY_MS) {
        const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: id }));
        found.set(id, stack);
      }
    }
  }
  return [...found.values()]
    .filter((stack) => runOf(stack) === run)
    .sort((one, other) => Number(other.CreationTime) - Number(one.CreationTime));
}

async function resourcesOf(client: CloudFormationClient, StackName: string): Promise<Left[]> {
  const found: Left[] = [];
  for await (const { StackResourceSummaries: page = [] } of paginateListStackResources({ client }, { StackName })) {
    found.push(...page.map(({ ResourceType: type = '', PhysicalResourceId: id = '' }) => ({ type, id })));
  }
  return found.filter(({ id }) => id !== '');
}

/** What CloudFormation kept because its template says so. It answers for a deleted stack by its id. */
async function retainedBy(client: CloudFormationClient, StackName: string): Promise<Left[]> {
  const found = new Map<string, Left>();
  for await (const { StackEvents: events = [] } of paginateDescribeStackEvents({ client }, { StackName })) {
    for (const { ResourceStatus: status, ResourceType: type = '', PhysicalResourceId: id = '' } of events) {
      if (status === 'DELETE_SKIPPED' && id !== '') {
        found.set(`${type} ${id}`, { type, id });
      }
    }
  }
  return [...found.values()];
}

async function deleteStack(
  client: CloudFormationClient,
  region: string,
  id: string,
  parts: readonly Left[],
  pollMs: number,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    for (const { id: cluster } of parts.filter(({ type }) => type === 'AWS::ECS::Cluster')) {
      await stopTasks(region, cluster);
    }
    for (const { id: project } of parts.filter(({ type }) => type === 'AWS::CodeBuild::Project')) {
      await stopBuilds(region, project);
    }
    for (const { id: bucket } of parts.filter(({ type }) => type === 'AWS::S3::Bucket')) {
      await emptyBucket(region, bucket);
    }
    await client.send(new DeleteStackCommand({ StackName: id }));
    const { StackStatus: status, StackStatusReason: reason } = await untilDeleted(client, id, pollMs);
    if (status === 'DELETE_COMPLETE') {
      return;
    }
    if (attempt === ATTEMPTS) {
      throw new Error(`it ended in ${status ?? 'no status'}: ${reason ?? 'no reason given'}`);
    }
  }
}

async function untilDeleted(client: CloudFormationClient, StackName: string, pollMs: number): Promise<Stack> {
  for (;;) {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    if (stack.StackStatus?.endsWith('_IN_PROGRESS') !== true) {
      return stack;
    }
    await sleep(pollMs);
  }
}
