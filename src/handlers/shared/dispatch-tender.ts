import { ECSClient } from '@aws-sdk/client-ecs';
import { DispatchFunctionEnv, type DispatchLaunch, DispatchMetrics } from '../../contract/dispatch-config';
import { Tender } from '../../runtime/dispatch/tender';
import { createParts, type DispatchParts } from './dispatch-parts';
import { EcsTaskHost } from './ecs-task-host';
import { variable } from './environment';
import { log } from './log';
import { putMetrics } from './dispatch-metrics';

/** The parts of a function that launches tasks and asks after them. */
export function createTender(): DispatchParts & { readonly tender: Tender } {
  const parts = createParts();
  const host = new EcsTaskHost({
    client: new ECSClient(),
    launches: JSON.parse(variable(DispatchFunctionEnv.launches)) as Record<string, DispatchLaunch>,
    startedBy: variable(DispatchFunctionEnv.startedBy),
    tableName: variable(DispatchFunctionEnv.tableName),
  });
  const onRefused = ({ id, type }: { id: string; type: string }, reason: string) => {
    log('WARN', 'launch refused', { fileId: id, type, reason });
    putMetrics({ [DispatchMetrics.launchesRefused]: 1 });
  };
  return { ...parts, tender: new Tender({ ...parts, host, onRefused }) };
}
