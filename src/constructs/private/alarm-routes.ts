import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { addAlarmActions } from './alarm-actions';
import { warn } from './warning';

/*
 * Alarms and actions meet at construction, whichever comes first, and not in an aspect: aspects that add permissions
 * and policies of topics would depend on the order of those of the user.
 */

/** The actions of the alarms below a construct, in the order of the calls. */
const actionsBelow = new WeakMap<IConstruct, cloudwatch.IAlarmAction[]>();

/** The alarms for operators. */
const alarms = new WeakSet<IConstruct>();

/** The composite alarms that notify in place of an alarm. */
const composites = new WeakMap<IConstruct, cloudwatch.CompositeAlarm[]>();

/** Adds actions to all alarms for operators at or below `scope`, those to come included. */
export function routeAlarms(scope: IConstruct, actions: readonly cloudwatch.IAlarmAction[]): void {
  actionsBelow.set(scope, [...(actionsBelow.get(scope) ?? []), ...actions]);
  for (const node of scope.node.findAll()) {
    if (node instanceof cloudwatch.Alarm && alarms.has(node)) {
      addAlarmActions(node, actions);
    }
  }
}

/** Adds the actions of every enclosing construct, the outermost first, and warns at synth if there are none. */
export function routeAlarm(alarm: cloudwatch.Alarm): void {
  alarms.add(alarm);
  addAlarmActions(
    alarm,
    alarm.node.scopes.flatMap((scope) => actionsBelow.get(scope) ?? []),
  );
  warnIfMute(alarm);
}

/** A composite alarm with actions of its own, which notifies in place of the alarms that it summarizes. */
export function routeComposite(
  composite: cloudwatch.CompositeAlarm,
  summarized: readonly cloudwatch.IAlarm[],
  actions: readonly cloudwatch.IAlarmAction[],
): void {
  addAlarmActions(composite, actions);
  for (const alarm of summarized) {
    composites.set(alarm, [...(composites.get(alarm) ?? []), composite]);
  }
  warnIfMute(composite);
}

/** Validation comes after all aspects, in which users add actions too. */
function warnIfMute(alarm: cloudwatch.AlarmBase): void {
  alarm.node.addValidation({
    validate: () => {
      if (![alarm, ...(composites.get(alarm) ?? [])].some(hasActions)) {
        warn(
          alarm,
          'Alarm.noAction',
          'The alarm has no action, so no one is notified; add PipelineAlarms.of(this).notify(new SnsAction(topic)) to the stack, or acknowledge this',
        );
      }
      return [];
    },
  });
}

function hasActions(alarm: cloudwatch.AlarmBase): boolean {
  const { alarmActions } = alarm.node.defaultChild as cloudwatch.CfnAlarm | cloudwatch.CfnCompositeAlarm;
  const arns = Stack.of(alarm).resolve(alarmActions) as unknown[] | undefined;
  return arns !== undefined && arns.length > 0;
}
