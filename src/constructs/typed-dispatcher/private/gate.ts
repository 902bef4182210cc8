import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { gateOf } from '../../../contract/dispatch-config';
import { handlerAssets } from '../../private/handler-function';
import type { ExitCodeCompletionOptions } from '../task-completion';

/** Adds a gate container before a container, once for all types that start it. */
export function addGate(
  scope: Construct,
  container: ecs.ContainerDefinition,
  { gateImage }: ExitCodeCompletionOptions,
): void {
  const { taskDefinition } = container;
  const name = gateOf(container.containerName);
  if (taskDefinition.findContainer(name) !== undefined) {
    return;
  }
  const gate = taskDefinition.addContainer(name, {
    image:
      gateImage ??
      ecs.ContainerImage.fromAsset(handlerAssets('dispatch-gate'), { platform: platformOf(taskDefinition) }),
    // Not essential, because it exits before the others start
    essential: false,
    readonlyRootFilesystem: true,
    linuxParameters: new ecs.LinuxParameters(scope, 'GateLinuxParameters', { initProcessEnabled: true }),
    logging: ecs.LogDriver.awsLogs({
      streamPrefix: 'gate',
      logGroup: new LogGroup(scope, 'GateLog', { retention: RetentionDays.ONE_MONTH }),
    }),
  });
  container.addContainerDependencies({ container: gate, condition: ecs.ContainerDependencyCondition.SUCCESS });
}

function platformOf(taskDefinition: ecs.TaskDefinition): Platform {
  const { runtimePlatform: platform } = taskDefinition.node.defaultChild as ecs.CfnTaskDefinition;
  return platform !== undefined && 'cpuArchitecture' in platform && platform.cpuArchitecture === 'ARM64'
    ? Platform.LINUX_ARM64
    : Platform.LINUX_AMD64;
}
