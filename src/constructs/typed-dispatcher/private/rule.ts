import { type Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DispatchRule } from '../../../contract/dispatch-config';
import { checkDuration, checkWholeNumber } from '../../private/checks';
import { ValidationError } from '../../private/validation-error';
import { DispatcherDefaults } from '../defaults';
import type { DispatchTypeOptions } from '../dispatch-type-options';
import { FileOrder, LateFile, OnExhausted } from '../file-order';
import type { CompiledMatch } from './type-match';

const DAY = 86_400;
/** The heads of a limit are read with every claim: this many fit into one page of a query. */
export const MaxConcurrentTasks = { min: 1, max: 1_000 } as const;

/** ECS reports the exit code of a task for an hour; the rest is a margin for the check. */
const GATED_HANG_TIMEOUT = { min: 60, max: 45 * 60 } as const;

/** Checks the options of a type and renders the configuration of the functions. */
export function renderRule(
  scope: Construct,
  type: string,
  options: DispatchTypeOptions,
  compiled: CompiledMatch,
  maxConcurrentTasks?: number,
): DispatchRule {
  const { match, patterns } = compiled;
  const { concurrency, order = FileOrder.byEvent(), settle, lateFile = LateFile.RUN_NEXT } = options;
  const sequential = concurrency.slots === 1;
  if (!sequential && (options.order !== undefined || options.lateFile !== undefined)) {
    throw new ValidationError(
      'order and lateFile need a sequential type, because files that run at the same time have no order; omit them',
      scope,
    );
  }
  for (const [prop, part] of [
    ['concurrency', concurrency.part],
    ['order', order.part],
  ] as const) {
    // A match function may return parts that no pattern has
    if (
      part !== undefined &&
      match.matchFunction === undefined &&
      !patterns.every(({ parts }) => parts.includes(part))
    ) {
      throw new ValidationError(
        `${prop} needs the part {${part}} in every pattern of keys, got: ${options.keys?.join(', ') ?? 'no keys'}; add it to the patterns, or return it from matchFunction`,
        scope,
      );
    }
  }
  checkWholeNumber('maxConcurrentTasks', options.maxConcurrentTasks, MaxConcurrentTasks, scope);
  if (options.maxConcurrentTasks !== undefined && concurrency.part === undefined) {
    throw new ValidationError(
      'maxConcurrentTasks needs TypeConcurrency.sequentialPer; set the number with TypeConcurrency.parallelUpTo',
      scope,
    );
  }
  if (options.target.task?.completion?.gate !== undefined) {
    checkDuration('hangTimeout', options.hangTimeout, GATED_HANG_TIMEOUT, scope);
  }
  checkDuration('settle', settle, { min: 0, max: 7 * DAY }, scope);
  checkWholeNumber('maxAttempts', options.maxAttempts, { min: 1, max: 100 }, scope);
  return {
    type,
    ...match,
    // Files without a sequence have no queue: with a limit, all files of the type share one queue
    slots: concurrency.slots === 0 ? (maxConcurrentTasks ?? 0) : concurrency.slots,
    ...(concurrency.part !== undefined && { sequencePart: concurrency.part }),
    ...(order.part !== undefined && { orderPart: order.part }),
    settleSeconds: settle?.toSeconds() ?? 0,
    late: lateFile,
    ...(options.overwrite !== undefined && { overwrite: options.overwrite }),
    maxAttempts: options.maxAttempts ?? DispatcherDefaults.maxAttempts,
    exhausted: options.onExhausted ?? (sequential ? OnExhausted.BLOCK : OnExhausted.PARK),
    backoffSeconds: seconds(scope, 'retryDelay', options.retryDelay ?? DispatcherDefaults.retryDelay, 1, DAY),
    maxBackoffSeconds: seconds(
      scope,
      'maxRetryDelay',
      options.maxRetryDelay ?? DispatcherDefaults.maxRetryDelay,
      1,
      DAY,
    ),
    hangTimeoutSeconds: seconds(scope, 'hangTimeout', options.hangTimeout ?? DispatcherDefaults.hangTimeout, 60, DAY),
    maxRuntimeSeconds: seconds(scope, 'maxRuntime', options.maxRuntime ?? DispatcherDefaults.maxRuntime, 60, 365 * DAY),
    ...(options.maxInterruption !== undefined && {
      maxInterruptionSeconds: seconds(scope, 'maxInterruption', options.maxInterruption, 3_600, 365 * DAY),
    }),
  };
}

function seconds(scope: Construct, prop: string, value: Duration, min: number, max: number): number {
  checkDuration(prop, value, { min, max }, scope);
  return value.toSeconds();
}
