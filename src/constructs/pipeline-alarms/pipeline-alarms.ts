import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { routeAlarms } from '../private/alarm-routes';
import { ValidationError } from '../private/validation-error';

/**
 * The alarms that the constructs of this package create for operators, in an app, a stage, a stack or a construct.
 *
 * Alarms that only scale a worker, and your own alarms, are not among them. An alarm without an action causes the
 * warning `cdk-fileworks:Alarm.noAction` at synth, unless a `PipelineDashboard` notifies in its place.
 *
 * @example
 * declare const topic: sns.Topic;
 * PipelineAlarms.of(this).notify(new cw_actions.SnsAction(topic));
 */
export class PipelineAlarms {
  /**
   * The alarms at and below a construct.
   *
   * @param scope the app, stage, stack or construct
   */
  static of(scope: IConstruct): PipelineAlarms {
    return new PipelineAlarms(scope);
  }

  readonly #scope: IConstruct;

  private constructor(scope: IConstruct) {
    this.#scope = scope;
  }

  /**
   * Notifies when one of the alarms goes into ALARM: those that exist, and those that are created later.
   *
   * Calls add up: an alarm has the actions of every call for a construct around it, each of them once. So a stack may
   * notify the team, and one construct in it also the on-call engineer. A topic of this app gets the permissions that
   * CloudWatch needs, in its policy and its key.
   *
   * A topic must be in the region of the alarms. For an app in several regions, call this for each stack.
   *
   * @see https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
   * @param actions the actions, such as `new SnsAction(topic)`; at least one
   */
  notify(...actions: IAlarmAction[]): void {
    if (actions.length === 0) {
      throw new ValidationError('notify needs an action, such as new SnsAction(topic), got none', this.#scope);
    }
    routeAlarms(this.#scope, actions);
  }
}
