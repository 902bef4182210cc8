import type { ApiCall, LocalCloud } from 'fileworks-local';
import { deployedRoles, type DeployedRole } from './deployed-roles';
import { applies, isAllowed, type Statement } from './policy';
import { needOf } from './service-needs';

/** A granted action that no call of the run used, and why it is granted. */
export interface Acknowledged {
  /** Beginning of the role's logical id. */
  readonly role: string;
  readonly action: string;
  readonly because: string;
  /** Whether a run uses it depends on the order of its events. */
  readonly sometimes?: true;
}

/**
 * Compares the policies of every role of a deployed app with the recorded calls, in both directions: each call must be
 * allowed by the policy of its role, and each granted action must have been used, be needed by the service that uses
 * the role, or be acknowledged. Returns the differences, and unneeded acknowledgements.
 */
export async function privilegeFindings(
  cloud: LocalCloud,
  app: string,
  acknowledged: readonly Acknowledged[] = [],
): Promise<string[]> {
  return findings(await deployedRoles(cloud, app), cloud.calls(), acknowledged);
}

export function findings(
  roles: readonly DeployedRole[],
  calls: readonly ApiCall[],
  acknowledged: readonly Acknowledged[],
): string[] {
  const needed = new Set<Acknowledged>();
  const found = roles.flatMap((role) => {
    const own = calls.filter((call) => call.role?.endsWith(`role/${role.name}`));
    return [
      ...tooLittle(role, own),
      ...tooMuch(role, own)
        .filter((action) => {
          const reason = acknowledged.find((entry) => role.logicalId.startsWith(entry.role) && entry.action === action);
          if (reason !== undefined) {
            needed.add(reason);
          }
          return reason === undefined;
        })
        .map((action) => `${role.logicalId} may ${action} and never did`),
    ];
  });
  const idle = acknowledged
    .filter((entry) => entry.sometimes !== true && !needed.has(entry))
    .map(({ role, action }) => `the acknowledgement of ${action} for ${role} is not needed`);
  return [...new Set([...found, ...idle])];
}

function tooLittle({ logicalId, statements }: DeployedRole, calls: readonly ApiCall[]): string[] {
  return calls
    .filter((call) => call.action.includes(':') && !isAllowed(statements, call))
    .map(({ action, resource }) => `${logicalId} did ${action} on ${resource} and may not`);
}

/** Granted actions of which no call, by none of the resources that they are granted for, was made. */
function tooMuch({ actor, services, statements, managedPolicies }: DeployedRole, calls: readonly ApiCall[]): string[] {
  const unused = statements
    .filter(({ effect }) => effect === 'Allow')
    .flatMap((statement) =>
      statement.actions.filter(
        (action) =>
          !isUsed({ ...statement, actions: [action] }, calls) && needOf(actor, services, action) === undefined,
      ),
    );
  return [...unused, ...managedPolicies];
}

function isUsed(statement: Statement, calls: readonly ApiCall[]): boolean {
  // The call that runs the task passes the role to ECS; there is no separate call for it.
  if (statement.actions[0] === 'iam:PassRole') {
    return calls.some(({ action }) => action === 'ecs:RunTask');
  }
  return calls.some((call) => applies(statement, call));
}
