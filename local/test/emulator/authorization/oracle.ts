import { runSimulation, type EvaluationResult } from '@cloud-copilot/iam-simulate';
import type { Case } from './generator';

/** What the oracle decides; it throws for a case that it does not take as it is. */
export async function oracle(one: Case): Promise<EvaluationResult> {
  const found = await runSimulation(
    {
      request: {
        principal: one.principal,
        action: one.action,
        resource: { resource: one.resource, accountId: one.resourceAccount },
        contextVariables: structuredClone(one.context) as Record<string, string | string[]>,
      },
      identityPolicies: one.identity.map((policy, index) => ({ name: `identity ${index}`, policy })),
      permissionBoundaryPolicies: one.boundary && [{ name: 'boundary', policy: one.boundary }],
      sessionPolicy: one.session,
      resourcePolicy: one.resourcePolicy,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  const ignored = found.resultType === 'single' ? found.result.ignoredContextKeys : [];
  if (found.resultType === 'error' || ignored?.length) {
    throw new Error(`the oracle refuses ${JSON.stringify(found)}`);
  }
  return found.overallResult;
}
