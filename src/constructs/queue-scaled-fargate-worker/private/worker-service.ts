import { PropertyInjectors } from 'aws-cdk-lib';
import { FargateService, type FargateServiceProps } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

/**
 * A service that has no deployment alarms until `enableDeploymentAlarms` is called, as with the feature flag
 * `@aws-cdk/aws-ecs:removeDefaultDeploymentAlarm`.
 *
 * With the flag too, FargateService asks whether its region has deployment alarms, and aws-cdk-lib then loads its table
 * of all regions: a
 * quarter of the CPU that it takes to synthesize a worker. It does not ask when it is given an alarm, which is taken
 * back at once.
 */
export class WorkerService extends FargateService {
  constructor(scope: Construct, id: string, props: FargateServiceProps) {
    const injected = hasInjector(scope);
    super(scope, id, injected ? props : { ...props, deploymentAlarms: { alarmNames: ['none'] } });
    if (!injected) {
      this.deploymentAlarms = undefined;
    }
  }
}

/** Whether an organization gives its services defaults, which may be deployment alarms. */
function hasInjector(scope: Construct): boolean {
  return scope.node.scopes.some(
    (ancestor) =>
      PropertyInjectors.hasPropertyInjectors(ancestor) &&
      PropertyInjectors.of(ancestor).for(FargateService.PROPERTY_INJECTION_ID) !== undefined,
  );
}
