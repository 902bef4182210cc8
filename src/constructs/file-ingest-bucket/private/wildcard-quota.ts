import { Stack, Stage } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import { EventBridgeLimits } from '../../../contract/service-limits';
import { warn } from '../../private/warning';

/** The rules with wildcards of each app or stage, by the account and region of their stacks. */
const counts = new WeakMap<IConstruct, Map<string, number>>();

/** Counts a rule with wildcards on the default bus of its environment, and warns when its quota is exceeded. */
export function countWildcardRule(route: Construct): void {
  const app = Stage.of(route) ?? route.node.root;
  const perEnvironment = counts.get(app) ?? new Map<string, number>();
  counts.set(app, perEnvironment);
  const { environment } = Stack.of(route);
  const count = (perEnvironment.get(environment) ?? 0) + 1;
  perEnvironment.set(environment, count);
  if (count > EventBridgeLimits.maxWildcardRules) {
    // A warning, because stacks without an environment may be deployed to several accounts
    warn(
      route,
      'FileIngestBucket.wildcardRules',
      `This is rule ${count} with wildcards on the default event bus of its account and region, and EventBridge accepts ${EventBridgeLimits.maxWildcardRules}, which cannot be raised; ` +
        'match by prefixes or by suffixes alone, combine routes to one target, use Delivery.s3Notifications(), or acknowledge this if the stacks are deployed to several accounts',
    );
  }
}
