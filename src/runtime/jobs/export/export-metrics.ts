import { EXPORT_METRIC_DIMENSION, ExportMetricNames } from '../../../contract/export-env.js';
import { type EmfMetricsOptions, MetricBuffer, type Unit } from '../../telemetry/index.js';

/**
 * CloudWatch metrics of an export service, under the names that the construct's alarms and dashboards read: a log line
 * in a minute.
 *
 * Give it to the handlers and to the circuit's watch, and its `onAnswer` to the client of the API.
 */
export class ExportMetrics {
  readonly #service: string;
  readonly #buffer: MetricBuffer;

  /** @param service the name of the export service, `FILEWORKS_EXPORT_NAME` */
  constructor(service: string, options: EmfMetricsOptions = {}) {
    this.#service = service;
    this.#buffer = new MetricBuffer(EXPORT_METRIC_DIMENSION, options);
  }

  /** The orchestrator is done with a message. */
  messageProcessed(): void {
    this.#buffer.count(this.#service, ExportMetricNames.messagesProcessed, 1);
  }

  tasksDispatched(count: number): void {
    this.#buffer.count(this.#service, ExportMetricNames.tasksDispatched, count);
  }

  /** The API answered a request, or did not: for the option of the same name of `ExportApiClient`. */
  readonly onAnswer = ({ ms }: { readonly ms: number }): void => {
    this.#sample('apiLatency', 'Milliseconds', ms);
  };

  fileDownloaded(ms: number): void {
    this.#sample('downloadDuration', 'Milliseconds', ms);
  }

  fileExtracted(ms: number): void {
    this.#sample('extractionTime', 'Milliseconds', ms);
  }

  /** The results of a file were stored, or the bucket refused them. */
  fileUploaded(success: boolean): void {
    this.#sample('uploadSuccessRate', 'Percent', success ? 100 : 0);
  }

  circuit(open: boolean): void {
    this.#sample('circuitOpen', 'None', open ? 1 : 0);
  }

  /** Writes what was counted since the last line. */
  flush(): void {
    this.#buffer.flush();
  }

  #sample(metric: keyof typeof ExportMetricNames, unit: Unit, value: number): void {
    this.#buffer.sample(this.#service, ExportMetricNames[metric], unit, value);
  }
}
