import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DatabaseDeliveryPipelineProps } from '../database-delivery-pipeline-props';
import { DeliveryDefaults } from '../defaults';
import { pathOf } from '../../private/paths';

const ISSUER = 'token.actions.githubusercontent.com';

/**
 * The role of workflows of the branches, without a stored key.
 *
 * @see https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
 */
export function createGitHubRole(scope: Construct, props: DatabaseDeliveryPipelineProps): iam.Role | undefined {
  const { githubRepository, githubBranches = DeliveryDefaults.githubBranches, githubProviderArn } = props;
  if (githubRepository === undefined) {
    return undefined;
  }
  const { account, partition } = Stack.of(scope);
  const provider = githubProviderArn ?? `arn:${partition}:iam::${account}:oidc-provider/${ISSUER}`;
  const role = new iam.Role(scope, 'GitHubRole', {
    description: `Workflows of ${githubRepository} that start builds of ${pathOf(scope)}`,
    assumedBy: new iam.WebIdentityPrincipal(provider, {
      StringEquals: {
        [`${ISSUER}:aud`]: 'sts.amazonaws.com',
        [`${ISSUER}:sub`]: githubBranches.map((branch) => `repo:${githubRepository}:ref:refs/heads/${branch}`),
      },
    }),
  });
  return role;
}
