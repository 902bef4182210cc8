import { EXPORT_METRIC_DIMENSION, ExportMetricNames } from '../../../contract/export-env.js';
import { type EmfMetricsOptions, MetricBuffer, type Unit } from '../../telemetry/index.js';

/**
 * CloudWatch metrics of an export service, with the names used by the alarms and dashboards of the construct: one log
 * line per minute.
 *
 * Pass it to the handlers, and its `onAnswer` to the API client.
 */
export class ExportMetrics {
  readonly #service: string;
  readonly #buffer: MetricBuffer;

  /** @param service the name of the export service, `FILEWORKS_EXPORT_NAME` */
  constructor(service: string, options: EmfMetricsOptions = {}) {
    this.#service = service;
    this.#buffer = new MetricBuffer((name) => ({ [EXPORT_METRIC_DIMENSION]: name }), options);
  }

  /** The orchestrator processed a message. */
  messageProcessed(): void {
    this.#buffer.count(this.#service, ExportMetricNames.messagesProcessed, 1);
  }

  tasksDispatched(count: number): void {
    this.#buffer.count(this.#service, ExportMetricNames.tasksDispatched, count);
  }

  /** A request to the API ended: for the option of the same name of `ExportApiClient`. */
  readonly onAnswer = ({ ms }: { readonly ms: number }): void => {
    this.#sample('apiLatency', 'Milliseconds', ms);
  };

  fileDownloaded(ms: number): void {
    this.#sample('downloadDuration', 'Milliseconds', ms);
  }

  fileExtracted(ms: number): void {
    this.#sample('extractionTime', 'Milliseconds', ms);
  }

  /** The results of a file were stored, or their upload failed. */
  fileUploaded(success: boolean): void {
    this.#sample('uploadSuccessRate', 'Percent', success ? 100 : 0);
  }

  /** Writes the metrics since the last line. */
  flush(): void {
    this.#buffer.flush();
  }

  #sample(metric: keyof typeof ExportMetricNames, unit: Unit, value: number): void {
    this.#buffer.sample(this.#service, ExportMetricNames[metric], unit, value);
  }
}
