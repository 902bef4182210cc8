import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Denial, LocalCloud, StatementUse } from 'fileworks-local';
import { ALONG_WITH } from './along-with';

/** A granted action that no call of the run used, and why it is granted. */
export interface Acknowledged {
  /** Beginning of the logical id of the policy. */
  readonly role: string;
  /** `*` for every action of these policies. */
  readonly action: string;
  readonly because: string;
  /** Whether a run uses it depends on the order of its events. */
  readonly sometimes?: true;
}

/** A worker that may send to its own standard queues, which few runs need. */
export const resends = (role: string): Acknowledged => ({
  role,
  action: 'sqs:SendMessage',
  because: 'a message is sent anew by hand-off, in a long outage, and when it cannot start after its last receive',
  sometimes: true,
});

/** What the run of a reference deployment leaves for `npm run permissions`, which removes each statement in turn. */
const RECORDINGS = resolve(__dirname, '..', '..', 'build', 'permissions');
const DEPLOYMENTS = resolve(__dirname, '..', '..', 'build', 'e2e');

/**
 * Compares the policies of a deployed app with the calls of its run, in both directions: no call was denied, and each
 * granted action was used or is acknowledged. Returns the differences, and unneeded acknowledgements.
 */
export async function privilegeFindings(
  cloud: LocalCloud,
  app: string,
  acknowledged: readonly Acknowledged[] = [],
): Promise<string[]> {
  const uses = await cloud.statements();
  if (dirname(resolve(app)) === DEPLOYMENTS) {
    const recording = {
      app: resolve(app),
      resources: Object.fromEntries(cloud.stacks().map((stack) => [stack, cloud.resources(stack)])),
      calls: await cloud.authorizedCalls(),
      unused: reasonsOf(uses, acknowledged),
    };
    mkdirSync(RECORDINGS, { recursive: true });
    writeFileSync(join(RECORDINGS, `${basename(app)}.json`), JSON.stringify(recording, null, 1));
  }
  return findings(uses, cloud.denials(), acknowledged);
}

export function findings(
  uses: readonly StatementUse[],
  denials: readonly Denial[],
  acknowledged: readonly Acknowledged[],
): string[] {
  const needed = new Set<Acknowledged>();
  const unused = uses.flatMap((use) =>
    unusedActions(use)
      .filter((action) => {
        const reasons = acknowledged.filter((entry) => acknowledges(entry, use, action));
        reasons.forEach((reason) => needed.add(reason));
        return reasons.length === 0;
      })
      .map((action) => `${use.logicalId} may ${action} and never did`),
  );
  const idle = acknowledged
    .filter((entry) => entry.sometimes !== true && !needed.has(entry))
    .map(({ role, action }) => `the acknowledgement of ${action} for ${role} is not needed`);
  return [...new Set([...denials.map(({ reason }) => reason), ...unused, ...idle])];
}

/** Granted actions of which no call was made; what no service uses is left out. */
function unusedActions(use: StatementUse): string[] {
  return [use.statement['Action'] ?? []]
    .flat()
    .map(String)
    .filter(
      (granted) => !use.actions.some((action) => matches(granted, action)) && grantedAlong(use, granted) === undefined,
    );
}

/** Why no run uses an action of a service. A task and a function use what they are granted themselves. */
function grantedAlong({ logicalId, actions }: StatementUse, granted: string): string | undefined {
  const needed = ALONG_WITH[granted];
  const bySomeService = !logicalId.includes('TaskRole') && !logicalId.includes('FunctionRole');
  return needed !== undefined && bySomeService && actions.includes(needed)
    ? `aws-cdk-lib grants it along with ${needed}`
    : undefined;
}

/** Why statements, or some of their actions, were not used, by `<logical id>[<index>]`. */
function reasonsOf(
  uses: readonly StatementUse[],
  acknowledged: readonly Acknowledged[],
): Record<string, readonly string[]> {
  return Object.fromEntries(
    uses.map((use) => {
      const granted = [use.statement['Action'] ?? []].flat().map(String);
      const reasons = granted.flatMap((action) => [
        ...acknowledged.filter((entry) => acknowledges(entry, use, action)).map(({ because }) => because),
        ...[grantedAlong(use, action) ?? []].flat(),
      ]);
      return [`${use.logicalId}[${use.index}]`, [...new Set(reasons)]];
    }),
  );
}

function acknowledges(entry: Acknowledged, use: StatementUse, action: string): boolean {
  return use.logicalId.startsWith(entry.role) && (entry.action === '*' || entry.action === action);
}

/** `*` stands for any text, `?` for one character; actions ignore case. */
function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'i').test(action);
}
