import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { checkDuration, checkWholeNumber } from '../../private/checks';
import { MAX_MISSED_HOURS } from '../../private/missed-runs';
import { checkAlarmTime } from '../../private/queue-alarms';
import { ValidationError } from '../../private/validation-error';
import type { DatabaseDeliveryPipelineProps } from '../database-delivery-pipeline-props';
import { mentionsEnd } from './scripts';

const needs: readonly (readonly [keyof DatabaseDeliveryPipelineProps, keyof DatabaseDeliveryPipelineProps, string])[] =
  [
    ['rollbackCommands', 'historyTable', 'from which the number of migrations to roll back is known'],
    ['validateOnCopy', 'historyTable', 'without which every migration would run again on the copy'],
    ['transformSchedule', 'transformCommands', 'which it starts'],
    ['alarmMissedFor', 'transformSchedule', 'whose runs can be missed'],
    ['deployQualifier', 'deployCommands', 'which use it'],
    ['githubBranches', 'githubRepository', 'to which the branches belong'],
    ['githubProviderArn', 'githubRepository', 'whose workflows it authenticates'],
  ];

/** Checks that need no constructs. */
export function checkDelivery(scope: Construct, props: DatabaseDeliveryPipelineProps): void {
  for (const [prop, needed, why] of needs) {
    if (props[prop] !== undefined && props[prop] !== false && props[needed] === undefined) {
      throw new ValidationError(
        `${prop} can only be set together with ${needed}, ${why}; add it, or leave ${prop} out`,
        scope,
      );
    }
  }
  checkDuration('timeout', props.timeout, { min: 300, max: 28_800 }, scope);
  checkAlarmTime('alarmMissedFor', props.alarmMissedFor, { min: 1, max: MAX_MISSED_HOURS, unit: 'hours' }, scope);
  checkWholeNumber('clientVersion', props.clientVersion, { min: 13, max: 18 }, scope);
  checkCommands(scope, props);
  checkShape(
    scope,
    'historyTable',
    props.historyTable,
    /^[a-z_][a-z0-9_$]*(?:\.[a-z_][a-z0-9_$]*)?$/,
    'be `table` or `schema.table`, in lower case',
  );
  checkShape(
    scope,
    'workingDirectory',
    props.workingDirectory,
    /^[^'/\n][^'\n]*$/,
    'be a folder of the source, without a leading slash or a quote',
  );
  checkShape(scope, 'githubRepository', props.githubRepository, /^[\w.-]+\/[\w.-]+$/, 'be `owner/name`');
  for (const branch of props.githubBranches ?? []) {
    // A wildcard would allow branches with arbitrary names
    checkShape(scope, 'githubBranches', branch, /^[\w./-]+$/, 'be names of branches without wildcards');
  }
  if (props.githubBranches?.length === 0) {
    throw new ValidationError('githubBranches must contain at least one branch, got none; omit it for main', scope);
  }
}

function checkCommands(scope: Construct, props: DatabaseDeliveryPipelineProps): void {
  const { installCommands, migrateCommands, rollbackCommands, smokeCommands, transformCommands, deployCommands } =
    props;
  for (const [prop, commands] of Object.entries({
    installCommands,
    migrateCommands,
    rollbackCommands,
    smokeCommands,
    transformCommands,
    deployCommands,
  })) {
    if (commands?.every((command) => command.trim() === '')) {
      throw new ValidationError(`${prop} must contain at least one command, got none; omit it, or add commands`, scope);
    }
    if (commands?.some(mentionsEnd)) {
      throw new ValidationError(
        `${prop} cannot contain a line END_OF_FILEWORKS_STEP, which ends the script of the build; remove it`,
        scope,
      );
    }
  }
}

function checkShape(scope: Construct, prop: string, value: string | undefined, shape: RegExp, rule: string): void {
  if (value === undefined || (!Token.isUnresolved(value) && shape.test(value))) {
    return;
  }
  throw new ValidationError(`${prop} must ${rule}, got: ${value}`, scope);
}
