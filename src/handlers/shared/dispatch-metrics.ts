import {
  DispatchFunctionEnv,
  DISPATCH_METRIC_DIMENSION,
  DISPATCH_TYPE_DIMENSION,
} from '../../contract/dispatch-config';
import { writeMetrics } from './emf';
import { variable } from './environment';

/** Writes metrics of the dispatcher, or of one of its types. */
export function putMetrics(values: Readonly<Record<string, number>>, type?: string): void {
  writeMetrics(values, {
    [DISPATCH_METRIC_DIMENSION]: variable(DispatchFunctionEnv.name),
    ...(type !== undefined && { [DISPATCH_TYPE_DIMENSION]: type }),
  });
}
