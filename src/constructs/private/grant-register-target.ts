import { Stack } from 'aws-cdk-lib';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge';

/**
 * Allows `grantee` to change the limits of a service's scaling, and to suspend it.
 *
 * Application Auto Scaling validates the caller's permissions for the service too.
 *
 * @param scope the scope below which cdk-nag finds the policy
 * @see https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
 */
export function grantRegisterTarget(scope: IConstruct, grantee: IGrantable, service: FargateService): void {
  Grant.addToPrincipal({
    grantee,
    actions: ['ecs:DescribeServices', 'ecs:UpdateService'],
    resourceArns: [service.serviceArn],
  });
  const targets = Stack.of(scope).formatArn({
    service: 'application-autoscaling',
    resource: 'scalable-target',
    resourceName: '*',
  });
  Grant.addToPrincipal({
    grantee,
    actions: ['application-autoscaling:RegisterScalableTarget'],
    resourceArns: [targets],
    conditions: {
      StringEquals: {
        'application-autoscaling:service-namespace': 'ecs',
        'application-autoscaling:scalable-dimension': 'ecs:service:DesiredCount',
      },
    },
  });
  acknowledgeWildcard(
    scope,
    targets,
    'Neither the CDK nor CloudFormation knows the id in the ARN of a scalable target; the permission for the service limits it',
  );
}
