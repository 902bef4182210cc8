import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { checkBytes, checkDuration, checkExcluded, checkWholeNumber } from '../../private/checks';
import { checkSameEnvironment } from '../../private/same-environment';
import { checkAlarmTime } from '../../private/queue-alarms';
import { ValidationError } from '../../private/validation-error';
import type { BatchFileLoaderProps, LoadRouteOptions } from '../batch-file-loader-props';
import { LoaderDefaults } from '../defaults';

/** Checks that need no constructs. */
export function checkLoader(scope: Construct, props: BatchFileLoaderProps): void {
  checkFunction(scope, props);
  checkQueue(scope, props);
  checkWholeNumber('batchSize', props.batchSize, { min: 1, max: 10_000, tokens: true }, scope);
  checkDuration('batchingWindow', props.batchingWindow, { min: 0, max: 300 }, scope);
  checkWholeNumber('maxConnections', props.maxConnections, { min: 2, max: 1_000, tokens: true }, scope);
  checkAlarmTime('alarmOldestMessageAge', props.alarmOldestMessageAge, { min: 60 }, scope);
  checkAlarmTime('alarmNotStartingFor', props.alarmNotStartingFor, { min: 60, max: 86_400 }, scope);
  checkBytes('maxFileSize', props.maxFileSize, { min: 1 }, scope);
  checkBytes('maxBatchSize', props.maxBatchSize, { min: 1 }, scope);
  const { maxFileSize = LoaderDefaults.maxFileSize, maxBatchSize = LoaderDefaults.maxBatchSize } = props;
  if (maxBatchSize.toBytes() < maxFileSize.toBytes()) {
    throw new ValidationError(
      `maxBatchSize must not be less than maxFileSize, got: ${maxBatchSize.toBytes()} and ${maxFileSize.toBytes()} bytes`,
      scope,
    );
  }
  checkRoutes(scope, props);
}

function checkFunction(scope: Construct, props: BatchFileLoaderProps): void {
  const { handlerFunction, vpc, vpcSubnets, securityGroups, timeout, memorySize, reserveConcurrency } = props;
  if (handlerFunction !== undefined) {
    checkExcluded(
      'handlerFunction',
      { vpc, vpcSubnets, securityGroups, timeout, memorySize, reserveConcurrency },
      'set them where the function is created',
      scope,
    );
    return;
  }
  if (vpc === undefined) {
    throw new ValidationError(
      'vpc is missing; set the VPC from which the function reaches the database, or handlerFunction',
      scope,
    );
  }
  checkDuration('timeout', timeout, { min: 30, max: 900 }, scope);
  checkWholeNumber('memorySize', memorySize, { min: 256, max: 10_240, unit: 'MiB', tokens: true }, scope);
}

function checkQueue(scope: Construct, props: BatchFileLoaderProps): void {
  const { queue, deadLetterQueue, maxReceiveCount, retentionPeriod, deadLetterRetention } = props;
  const { encryptionKey, removalPolicy } = props;
  checkSameEnvironment(
    { queue, deadLetterQueue, largeFileQueue: props.largeFileQueue, handlerFunction: props.handlerFunction },
    'the function uses the queues, and alarms the metrics, of its own account and region',
    scope,
  );
  if (queue !== undefined) {
    checkExcluded(
      'queue',
      { maxReceiveCount, retentionPeriod, deadLetterRetention, encryptionKey, removalPolicy },
      'set them where the queue is created',
      scope,
    );
    if (queue.fifo) {
      throw new ValidationError(
        'queue must be a standard queue, because Lambda receives at most ten messages from a FIFO queue; use a standard one',
        scope,
      );
    }
  } else if (deadLetterQueue !== undefined) {
    throw new ValidationError(
      'deadLetterQueue can be set only together with queue; omit it, and the new queue gets one',
      scope,
    );
  }
}

function checkRoutes(scope: Construct, { routes, handlerFunction }: BatchFileLoaderProps): void {
  const all = Object.entries(routes);
  if (all.length === 0) {
    throw new ValidationError('routes must contain at least one route', scope);
  }
  for (const [index, [id, route]] of all.entries()) {
    if (handlerFunction !== undefined && route.mapping !== undefined) {
      throw new ValidationError(
        `mapping of route ${id} cannot be set together with handlerFunction, whose code defines how files are loaded; omit it`,
        scope,
      );
    }
    if (handlerFunction === undefined) {
      checkMapping(scope, id, route);
    }
    const other = all.slice(index + 1).find(([, later]) => overlap(route, later));
    if (other !== undefined) {
      throw new ValidationError(
        `routes ${id} and ${other[0]} must not match the same key, because a file would be loaded by the first only; use other prefixes or suffixes`,
        scope,
      );
    }
  }
}

function checkMapping(scope: Construct, id: string, { prefix, suffix, mapping }: LoadRouteOptions): void {
  if (mapping === undefined) {
    throw new ValidationError(`mapping of route ${id} is missing; set it, or handlerFunction`, scope);
  }
  const { table, columns, conflict } = mapping._route;
  if (Token.isUnresolved(JSON.stringify([prefix, suffix, mapping._route]))) {
    throw new ValidationError(
      `route ${id} must be known at synth, because it becomes part of the function's code; use literal strings (no tokens)`,
      scope,
    );
  }
  if (!/^[^.]+(?:\.[^.]+)?$/.test(table)) {
    throw new ValidationError(`table of route ${id} must be \`table\` or \`schema.table\`, got: ${table}`, scope);
  }
  const names = columns.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size < names.length) {
    throw new ValidationError(
      `columns of route ${id} must be one or more, with unique names, got: ${names.join(', ')}`,
      scope,
    );
  }
  const { key = names, ifGreater } = conflict ?? {};
  const missing = [...key, ...(ifGreater === undefined ? [] : [ifGreater])].filter((name) => !names.includes(name));
  if (missing.length > 0 || key.length === 0) {
    throw new ValidationError(
      `conflict of route ${id} must name columns of the mapping, got: ${missing.join(', ') || 'none'}; add them to columns`,
      scope,
    );
  }
  if (conflict?.rule === 'update' && key.length === names.length) {
    throw new ValidationError(
      `conflict of route ${id} has nothing to update, because every column is part of the key; use LoadConflict.keep()`,
      scope,
    );
  }
}

function overlap(a: LoadRouteOptions, b: LoadRouteOptions): boolean {
  const [prefixes, suffixes] = [
    [a.prefix ?? '', b.prefix ?? ''],
    [a.suffix ?? '', b.suffix ?? ''],
  ];
  return (
    prefixes.some((one) => prefixes.every((other) => one.startsWith(other))) &&
    suffixes.some((one) => suffixes.every((other) => one.endsWith(other)))
  );
}
