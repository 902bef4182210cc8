import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
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
   * The task definition families to watch, of tasks without a service, such as those of schedules, in addition to
   * `services`.
   *
   * @default - every task, unless `services` is set
   */
  readonly taskDefinitionFamilies?: string[];

  /** The events that raise alerts.
   *
   * @default - all events except STOPPED_BY_USER and STARTED
   */
  readonly alerts?: TaskAlert[];

  /**
   * Exit codes, in addition to 0, that are not failures; from 1 to 255.
   *
   * @default [143], the exit code after SIGTERM
   */
  readonly expectedExitCodes?: number[];

  /**
   * The format of alerts.
   *
   * @default AlertFormat.TEXT
   */
  readonly format?: AlertFormat;

  /**
   * The topic for alerts. If it is encrypted, its key must be known to this app, or allow the function to use it.
   *
   * @default - a new topic: encrypted, SSL only, usable by CloudWatch alarms of the account
   */
  readonly topic?: ITopic;

  /**
   * The key of the new topic. CloudWatch alarms get permission to use it. Cannot be combined with `topic`.
   *
   * @default - a new key with rotation
   */
  readonly encryptionKey?: IKey;

  /**
   * E-mail addresses that receive each alert, after confirmation.
   *
   * @default - none; subscribe to `topic`
   */
  readonly emailAddresses?: string[];

  /**
   * Maximum alerts of one severity per `period`, 1 or more. Half of it is kept for the first alert of each service or
   * task definition family. Further alerts are held back and sent in a digest.
   *
   * @default 20
   */
  readonly maxAlerts?: number;

  /**
   * Maximum alerts of one severity for one service or task definition family per `period`; 1 or more, at most
   * `maxAlerts`. Further alerts are held back and sent in a digest.
   *
   * @default - half of `maxAlerts`, rounded up: 10
   */
  readonly maxAlertsPerGroup?: number;

  /**
   * The period of `maxAlerts` and `maxAlertsPerGroup`, after which the digest is sent; from 1 minute to 24 hours.
   *
   * @default Duration.minutes(15)
   */
  readonly period?: Duration;

  /**
   * A URL that each alert links to, for the operator.
   *
   * @default - alerts link to the task and its log
   */
  readonly runbookUrl?: string;

  /**
   * The removal policy of the dead-letter queue. A retained queue keeps its messages when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
