import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import {
  AdjustmentType,
  MetricAggregationType,
  ScalableTarget,
  StepScalingAction,
} from 'aws-cdk-lib/aws-applicationautoscaling';
import {
  ComparisonOperator,
  MathExpression,
  type MathExpressionProps,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import {
  AwsLogDriverMode,
  type CfnService,
  type ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDriver,
  OperatingSystemFamily,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';

const MAX_TASKS = 10;
const eachMinute = { period: Duration.minutes(1), statistic: Stats.MAXIMUM };

/** What a worker with defaults makes, written out with the constructs of aws-cdk-lib and without any of ours. */
export function workerByHand(stack: Stack, cluster: ICluster, image: ContainerImage): void {
  const deadLetterQueue = new Queue(stack, 'DeadLetters', {
    enforceSSL: true,
    encryption: QueueEncryption.SQS_MANAGED,
    retentionPeriod: Duration.days(14),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const queue = new Queue(stack, 'Jobs', {
    enforceSSL: true,
    encryption: QueueEncryption.SQS_MANAGED,
    retentionPeriod: Duration.days(4),
    removalPolicy: RemovalPolicy.DESTROY,
    visibilityTimeout: Duration.minutes(5),
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 },
  });
  deadLetterQueue.metricApproximateNumberOfMessagesVisible(eachMinute).createAlarm(stack, 'DeadLetterAlarm', {
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription:
      'Dead-letter messages: jobs that failed on every attempt. What to do: https://example.com/docs/operations/runbooks/jobs-dead-letter.md',
  });
  new MathExpression({
    expression: 'MAX([age, held])',
    period: Duration.minutes(1),
    usingMetrics: {
      age: queue.metricApproximateAgeOfOldestMessage(eachMinute),
      held: new Metric({
        namespace: 'Fileworks',
        metricName: 'OldestMessageAge',
        dimensionsMap: { QueueName: queue.queueName },
        ...eachMinute,
      }),
    },
  }).createAlarm(stack, 'OldestMessageAlarm', {
    threshold: Duration.days(1).toSeconds(),
    evaluationPeriods: 5,
    datapointsToAlarm: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription:
      'A message is too old. What to do: https://example.com/docs/operations/runbooks/worker-oldest-message.md',
  });
  new MathExpression({
    expression: 'IF(FILL(inFlight, 0) > 0, 0, visible)',
    period: Duration.minutes(1),
    usingMetrics: {
      visible: queue.metricApproximateNumberOfMessagesVisible(eachMinute),
      inFlight: queue.metricApproximateNumberOfMessagesNotVisible(eachMinute),
    },
  }).createAlarm(stack, 'NotStartingAlarm', {
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: 0,
    evaluationPeriods: 10,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: 'No job starts. What to do: https://example.com/docs/operations/runbooks/worker-not-starting.md',
  });

  const taskDefinition = new FargateTaskDefinition(stack, 'TaskDefinition', {
    cpu: 512,
    memoryLimitMiB: 1_024,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.X86_64, operatingSystemFamily: OperatingSystemFamily.LINUX },
    volumes: [{ name: 'scratch' }],
  });
  const container = taskDefinition.addContainer('Worker', {
    image,
    stopTimeout: Duration.minutes(2),
    readonlyRootFilesystem: true,
    logging: LogDriver.awsLogs({
      logGroup: new LogGroup(stack, 'LogGroup', {
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.RETAIN,
      }),
      streamPrefix: 'worker',
      mode: AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(8),
    }),
    environment: {
      FILEWORKS_QUEUE_URL: queue.queueUrl,
      FILEWORKS_DEAD_LETTER_QUEUE_URL: deadLetterQueue.queueUrl,
      FILEWORKS_VISIBILITY_TIMEOUT_SECONDS: '300',
      FILEWORKS_MAX_RECEIVE_COUNT: '5',
      FILEWORKS_STOP_TIMEOUT_SECONDS: '120',
      FILEWORKS_CONCURRENCY: '1',
      FILEWORKS_SCALE_IN_PROTECTION: 'enabled',
    },
  });
  container.addMountPoints({ containerPath: '/tmp', readOnly: false, sourceVolume: 'scratch' });
  const { taskRole } = taskDefinition;
  const may = (actions: string[], resource: string) =>
    taskRole.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [resource] }));
  may(['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'], queue.queueArn);
  may(['sqs:SendMessage'], deadLetterQueue.queueArn);
  may(
    ['ecs:UpdateTaskProtection'],
    Stack.of(cluster).formatArn({ service: 'ecs', resource: 'task', resourceName: `${cluster.clusterName}/*` }),
  );

  const service = new FargateService(stack, 'Service', {
    cluster,
    taskDefinition,
    capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    assignPublicIp: false,
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    circuitBreaker: { enable: true, rollback: true },
    enableECSManagedTags: true,
    propagateTags: PropagatedTagSource.SERVICE,
    enableExecuteCommand: false,
  });
  (service.node.defaultChild as CfnService).desiredCount = undefined;
  const scalingTarget = service.autoScaleTaskCount({ minCapacity: 0, maxCapacity: MAX_TASKS }).node.findChild('Target');
  if (!(scalingTarget instanceof ScalableTarget)) {
    throw new Error('aws-cdk-lib keeps its target elsewhere');
  }

  const backlog = (): MathExpressionProps => ({
    expression: 'visible + FILL(inFlight, 0)',
    label: 'Backlog',
    period: Duration.minutes(1),
    usingMetrics: {
      visible: queue.metricApproximateNumberOfMessagesVisible(eachMinute),
      inFlight: queue.metricApproximateNumberOfMessagesNotVisible(eachMinute),
    },
  });
  const steps = {
    scalingTarget,
    adjustmentType: AdjustmentType.EXACT_CAPACITY,
    cooldown: Duration.minutes(1),
    metricAggregationType: MetricAggregationType.MAXIMUM,
  };
  const follow = new StepScalingAction(stack, 'BacklogPolicy', steps);
  for (let tasks = 1; tasks <= MAX_TASKS; tasks++) {
    follow.addAdjustment({
      adjustment: tasks,
      lowerBound: tasks - 1,
      upperBound: tasks === MAX_TASKS ? undefined : tasks,
    });
  }
  new MathExpression(backlog())
    .createAlarm(stack, 'BacklogAlarm', {
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription:
        'In ALARM while there is work; sets the task count. What to do: https://example.com/docs/operations/runbooks/worker-scaling.md',
    })
    .addAlarmAction(new ApplicationScalingAction(follow));
  const idle = new StepScalingAction(stack, 'IdlePolicy', steps);
  idle.addAdjustment({ adjustment: 0, upperBound: 0 });
  new MathExpression(backlog())
    .createAlarm(stack, 'IdleAlarm', {
      threshold: 0,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      comparisonOperator: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      alarmDescription:
        'In ALARM while there is no work; sets the minimum task count. What to do: https://example.com/docs/operations/runbooks/worker-scaling.md',
    })
    .addAlarmAction(new ApplicationScalingAction(idle));
}
