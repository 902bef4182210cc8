import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ICluster, IService } from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { AlertFormat, TaskAlert } from './task-alert';

/** Properties of `TaskLifecycleAlerts`. */
export interface TaskLifecycleAlertsProps {
  /**
   * The clusters to watch.
   *
   * @default - every cluster of the account and region
   */
  readonly clusters?: ICluster[];

  /**
   * The services to watch, within `clusters`.
   *
   * @default - every service, unless `taskDefinitionFamilies` is set
   */
  readonly services?: IService[];

  /**
   * The families of tasks to watch that belong to no service, such as those of schedules, beside `services`.
   *
   * @default - every task, unless `services` is set
   */
  readonly taskDefinitionFamilies?: string[];

  /**
   * What to tell of.
   *
   * @default - everything but STOPPED_BY_USER and STARTED
   */
  readonly alerts?: TaskAlert[];

  /**
   * Exit codes, beside 0, that are no failure; from 1 to 255.
   *
   * @default [143], with which a program ends that was told to stop
   */
  readonly expectedExitCodes?: number[];

  /**
   * How alerts are written.
   *
   * @default AlertFormat.TEXT
   */
  readonly format?: AlertFormat;

  /**
   * Where alerts go. A key that it is encrypted with must be known to this app, or let the function use it.
   *
   * @default - a new topic: encrypted, SSL only, open for CloudWatch alarms of the account
   */
  readonly topic?: ITopic;

  /**
   * The key of the new topic. CloudWatch alarms get permission to use it. Not together with `topic`.
   *
   * @default - a new key, which rotates
   */
  readonly encryptionKey?: IKey;

  /**
   * Addresses that get each alert by e-mail, after they have confirmed it.
   *
   * @default - none; subscribe to `topic`
   */
  readonly emailAddresses?: string[];

  /**
   * Alerts in one `period`, after which further ones are only logged, 1 or more. The last one says so.
   *
   * @default 20
   */
  readonly maxAlerts?: number;

  /**
   * The time that `maxAlerts` counts for, from 1 minute to 24 hours.
   *
   * @default Duration.minutes(15)
   */
  readonly period?: Duration;

  /**
   * An address that each alert points to, for whoever has to act on it.
   *
   * @default - alerts point to the task and its log
   */
  readonly runbookUrl?: string;

  /**
   * What the alarm on undelivered alerts does. It should not end in `topic`, which may be what fails.
   *
   * @default - the alarm rings without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
