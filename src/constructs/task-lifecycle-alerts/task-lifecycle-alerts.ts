import { Stats, type Alarm, type Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule, type IRuleTarget } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { AlertMetrics } from '../../contract/metric-names';
import { routeAlarms } from '../private/alarm-routes';
import { checkExcluded, checkDuration, checkWholeNumber } from '../private/checks';
import { pathOf } from '../private/paths';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { checkSameRegion } from '../private/same-environment';
import { ValidationError } from '../private/validation-error';
import { AlertDefaults } from './defaults';
import { createAlertFunction, startClock } from './private/alert-function';
import { alertMetric, createStoppedAlarm, createUndeliveredAlarm } from './private/alarms';
import { createAlertsTopic } from './private/alerts-topic';
import { renderPatterns } from './private/patterns';
import { TaskAlert } from './task-alert';
import type { TaskLifecycleAlertsProps } from './task-lifecycle-alerts-props';

/**
 * Alerts operators when tasks fail, but not when they end as expected.
 *
 * Alerts are raised for tasks that failed, did not start, ran out of memory, failed their health checks or were stopped
 * by a Spot interruption, and for services that find no capacity, cannot start their tasks or failed to deploy. No
 * alerts are raised for scale-in, deployments, the exit code 0, and 143, the exit code after SIGTERM. An event that ECS
 * sends twice raises one alert.
 *
 * Each alert is published to an SNS topic, with links to the task and to the log of the failed container, and with the
 * message attributes `severity` (`ERROR`, `WARNING` or `INFO`), `kind` and `group` for filter policies of
 * subscriptions.
 *
 * Alerts beyond `maxAlerts` or `maxAlertsPerGroup` in a `period`, and alerts that the topic did not accept, are kept in
 * a table and sent in a digest. Each severity has its own budget, and in it each service and family, so that no other
 * one can hold back its first alert for longer than a minute.
 *
 * Limitations:
 * - A container that is killed because it did not stop in time during scale-in or a deployment raises no alert.
 * - The alarms on undelivered alerts notify `topic` directly. If the topic itself is broken, only their other actions
 *   reach you.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
 *
 * @example
 * declare const worker: QueueScaledFargateWorker;
 * new TaskLifecycleAlerts(this, 'Alerts', {
 *   clusters: [cluster],
 *   services: [worker.service],
 *   emailAddresses: ['on-call@example.com'],
 *   runbookUrl: 'https://example.com/runbooks/unpacker',
 * });
 */
@propertyInjectable
export class TaskLifecycleAlerts extends Construct {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.TaskLifecycleAlerts';

  /** The topic for alerts. */
  readonly topic: ITopic;

  /** The rules that match the events. */
  readonly rules: Rule[];

  /** The queue for events that the function could not handle, which it handles again each minute. */
  readonly deadLetterQueue: IQueue;

  /** In ALARM while the dead-letter queue holds messages; notifies `topic` too, so that it is never mute. */
  readonly deadLetterAlarm: Alarm;

  /** In ALARM while alerts wait because they cannot be published. */
  readonly undeliveredAlarm: Alarm;

  /** In ALARM when the function that sends alerts has not run successfully for 10 minutes. It runs each minute. */
  readonly stoppedAlarm: Alarm;

  constructor(scope: Construct, id: string, props: TaskLifecycleAlertsProps = {}) {
    super(scope, id);
    this.#checkProps(props);
    this.topic = props.topic ?? createAlertsTopic(this, props.encryptionKey);
    for (const address of props.emailAddresses ?? []) {
      this.topic.addSubscription(new EmailSubscription(address));
    }
    // An alert that cannot be sent must not be silent where no other action is set
    routeAlarms(this, [new SnsAction(this.topic)]);
    const undelivered = createUndeliveredEvents(this, {
      description: `Alerts of ${pathOf(this)} could not be sent and are in its dead-letter queue`,
      runbook: 'alerts-dead-letter',
      removalPolicy: props.removalPolicy,
    });
    this.deadLetterQueue = undelivered.deadLetterQueue;
    this.deadLetterAlarm = undelivered.deadLetterAlarm;

    const alerts = new Set(props.alerts ?? Object.values(TaskAlert).filter((alert) => !optIn.has(alert)));
    const expectedExitCodes = [0, ...(props.expectedExitCodes ?? AlertDefaults.expectedExitCodes)];
    const alertFunction = createAlertFunction(this, {
      ...props,
      topic: this.topic,
      deadLetterQueue: this.deadLetterQueue,
      alerts,
      expectedExitCodes,
    });
    startClock(this, alertFunction, this.deadLetterQueue);
    this.undeliveredAlarm = createUndeliveredAlarm(this);
    this.stoppedAlarm = createStoppedAlarm(this, alertFunction);
    const { clusters, services, taskDefinitionFamilies: families } = props;
    const patterns = renderPatterns(this, alerts, { clusters, services, families }, expectedExitCodes);
    this.rules = Object.entries(patterns).map(
      ([name, eventPattern]) =>
        new Rule(this, `${name}Rule`, {
          description: `${name} tasks and services for ${pathOf(this)}`,
          eventPattern,
          targets: [
            new LambdaFunction(alertFunction, {
              deadLetterQueue: this.deadLetterQueue,
              maxEventAge: AlertDefaults.maxEventAge,
              retryAttempts: AlertDefaults.retryAttempts,
            }),
          ],
        }),
    );
  }

  /**
   * Sends the events to an additional target too, such as a queue, a function or a log group, unchanged and unlimited:
   * with duplicates, and with some events that raise no alerts.
   *
   * @param target the target, with its own dead-letter queue or that of this construct
   */
  addTarget(target: IRuleTarget): void {
    for (const rule of this.rules) {
      rule.addTarget(target);
    }
  }

  /**
   * Number of events in the dead-letter queue, whose alerts could not be sent.
   *
   * @param props options of the metric
   */
  metricUndeliveredEvents(props: MetricOptions = {}): Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible(props);
  }

  /**
   * Number of alerts that were held back for a digest.
   *
   * @param props options of the metric
   */
  metricHeldBack(props: MetricOptions = {}): Metric {
    return alertMetric(this, AlertMetrics.heldBack, { statistic: Stats.SUM, ...props });
  }

  /**
   * Number of failed attempts to publish an alert or a digest: one a minute while a digest is due and cannot be sent.
   *
   * @param props options of the metric
   */
  metricUndelivered(props: MetricOptions = {}): Metric {
    return alertMetric(this, AlertMetrics.undelivered, { statistic: Stats.SUM, ...props });
  }

  #checkProps(props: TaskLifecycleAlertsProps): void {
    checkWholeNumber('maxAlerts', props.maxAlerts, { min: 1 }, this);
    checkWholeNumber(
      'maxAlertsPerGroup',
      props.maxAlertsPerGroup,
      { min: 1, max: props.maxAlerts ?? AlertDefaults.maxAlerts },
      this,
    );
    checkDuration('period', props.period, { min: 60, max: 86_400 }, this);
    for (const code of props.expectedExitCodes ?? []) {
      checkWholeNumber('expectedExitCodes', code, { min: 1, max: 255 }, this);
    }
    checkSameRegion({ topic: props.topic }, 'the function publishes only to topics of its own region', this);
    if (props.topic !== undefined) {
      checkExcluded('topic', { encryptionKey: props.encryptionKey }, 'set it where the topic is created', this);
    }
    if (props.topic?.fifo === true) {
      throw new ValidationError(
        'topic cannot be FIFO, because neither e-mail nor chat can subscribe to it; use a standard topic',
        this,
      );
    }
    const { emailAddresses = [] } = props;
    if (new Set(emailAddresses).size < emailAddresses.length) {
      throw new ValidationError(`emailAddresses must be unique, got: ${emailAddresses.join(', ')}`, this);
    }
    const { alerts, clusters, services, taskDefinitionFamilies } = props;
    for (const [prop, list] of Object.entries({ alerts, clusters, services, taskDefinitionFamilies })) {
      if (list?.length === 0) {
        throw new ValidationError(
          `${prop} cannot be empty, or no alert would be sent; omit it, or set at least one`,
          this,
        );
      }
    }
  }
}

const optIn: ReadonlySet<TaskAlert> = new Set([TaskAlert.STOPPED_BY_USER, TaskAlert.STARTED]);
