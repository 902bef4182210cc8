import type { DispatchRule } from '../../../src/contract/dispatch-config';

export const ruleOf = (type: string): DispatchRule => ({
  type,
  keys: [`^${type}/.*$`],
  slots: 1,
  settleSeconds: 0,
  late: 'run-next',
  maxAttempts: 2,
  exhausted: 'block',
  backoffSeconds: 1,
  maxBackoffSeconds: 1,
  hangTimeoutSeconds: 60,
  maxRuntimeSeconds: 3_600,
});
