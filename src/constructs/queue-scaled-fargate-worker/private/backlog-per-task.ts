import { Names, Stack } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Cluster, ContainerInsights, type CfnCluster, type ICluster } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { createScalingAlarm } from '../../private/alarm';
import { pathOf } from '../../private/paths';
import { warn } from '../../private/warning';
import { BacklogPerTaskDefaults } from '../defaults';
import type { QueueScalingBindOptions } from '../queue-scaling-options';

/** Target tracking on the backlog divided by the running tasks, and a step policy for the first task. */
export function bindBacklogPerTask(scope: Construct, messagesPerTask: number, bind: QueueScalingBindOptions): void {
  warnWithoutContainerInsights(scope, bind.service.cluster);
  const running = runningTasks(bind);
  trackBacklog(scope, messagesPerTask, running, bind);
  if (bind.minTasks === 0) {
    wake(scope, running, bind);
  }
}

/** An L1, because target tracking of the CDK refuses metric math (aws-cdk issue 20659). */
function trackBacklog(
  scope: Construct,
  targetValue: number,
  running: cloudwatch.Metric,
  { backlog, scalableTarget }: QueueScalingBindOptions,
): void {
  const inputs = Object.entries({ ...backlog.usingMetrics, running });
  new appscaling.CfnScalingPolicy(scope, 'BacklogPerTaskPolicy', {
    // 255 characters at most
    policyName: `${Names.uniqueId(scope).slice(-200)}BacklogPerTask`,
    policyType: 'TargetTrackingScaling',
    scalingTargetId: scalableTarget.scalableTargetId,
    targetTrackingScalingPolicyConfiguration: {
      targetValue,
      scaleOutCooldown: BacklogPerTaskDefaults.scaleOutCooldown.toSeconds(),
      scaleInCooldown: BacklogPerTaskDefaults.scaleInCooldown.toSeconds(),
      customizedMetricSpecification: {
        metrics: [
          ...inputs.map(([id, metric]) => renderInput(id, metric)),
          {
            id: 'backlogPerTask',
            label: 'Messages for each running task',
            expression: `(${backlog.expression}) / IF(FILL(running, 0) > 0, running, 1)`,
            returnData: true,
          },
        ],
      },
    },
  });
}

/** Without tasks, target tracking would wait for a backlog above its target, which a single message is not. */
function wake(
  scope: Construct,
  running: cloudwatch.Metric,
  { backlog, scalableTarget, service }: QueueScalingBindOptions,
): void {
  const policy = new appscaling.StepScalingAction(scope, 'WakePolicy', {
    scalingTarget: scalableTarget,
    adjustmentType: appscaling.AdjustmentType.CHANGE_IN_CAPACITY,
    cooldown: BacklogPerTaskDefaults.wakeCooldown,
    metricAggregationType: appscaling.MetricAggregationType.MAXIMUM,
  });
  policy.addAdjustment({ adjustment: 1, lowerBound: 0 });
  createScalingAlarm(scope, 'WakeAlarm', policy, {
    description: `Scales ${pathOf(service.node.scope ?? scope)}: in ALARM while there are messages and no task runs; starts one task`,
    runbook: 'worker-scaling',
    metric: new cloudwatch.MathExpression({
      expression: `IF(FILL(running, 0) > 0, 0, ${backlog.expression})`,
      label: 'Backlog without a task',
      period: backlog.period,
      usingMetrics: { ...backlog.usingMetrics, running },
    }),
    threshold: 1,
  });
}

function runningTasks({ service, backlog }: QueueScalingBindOptions): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'ECS/ContainerInsights',
    metricName: 'RunningTaskCount',
    dimensionsMap: { ClusterName: service.cluster.clusterName, ServiceName: service.serviceName },
    statistic: cloudwatch.Stats.AVERAGE,
    period: backlog.period,
  });
}

function renderInput(
  id: string,
  metric: cloudwatch.IMetric,
): appscaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty {
  const { metricStat } = metric.toMetricConfig();
  return {
    id,
    returnData: false,
    metricStat: metricStat && {
      metric: { namespace: metricStat.namespace, metricName: metricStat.metricName, dimensions: metricStat.dimensions },
      stat: metricStat.statistic,
    },
  };
}

/** The account setting may enable Container Insights, so this can be only a warning. */
function warnWithoutContainerInsights(scope: Construct, cluster: ICluster): void {
  if (!(cluster instanceof Cluster)) {
    return;
  }
  const settings = Stack.of(cluster).resolve((cluster.node.defaultChild as CfnCluster).clusterSettings) as
    CfnCluster.ClusterSettingsProperty[] | undefined;
  const insights = settings?.find(({ name }) => name === 'containerInsights')?.value;
  if (insights !== ContainerInsights.ENABLED && insights !== ContainerInsights.ENHANCED) {
    warn(
      scope,
      'QueueScaling.containerInsights',
      'backlogPerTask and latency need the number of running tasks, which Container Insights reports; set containerInsightsV2 on the cluster, or use QueueScaling.exact()',
    );
  }
}
