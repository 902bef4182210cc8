import type { IAlarm, IMetric } from 'aws-cdk-lib/aws-cloudwatch';

/** A graph of a stage. */
export interface PipelineGraph {
  /** What the graph shows. */
  readonly title: string;

  /** Metrics on the left axis. */
  readonly left: IMetric[];

  /**
   * Metrics on the right axis.
   *
   * @default - none
   */
  readonly right?: IMetric[];
}

/** What a stage shows. */
export interface PipelineStageConfig {
  /** The name of the stage. */
  readonly title: string;

  /** What happens in the stage, in a sentence of Markdown below the title. */
  readonly text: string;

  /** Its graphs, at most four in a row. */
  readonly graphs: PipelineGraph[];

  /** Its alarms. */
  readonly alarms: IAlarm[];
}

/** What a stage of one's own shows. */
export interface CustomStageOptions {
  /**
   * What happens in the stage, in a sentence of Markdown below the title.
   *
   * @default - only the title
   */
  readonly text?: string;

  /**
   * Its graphs.
   *
   * @default - none
   */
  readonly graphs?: PipelineGraph[];

  /**
   * Its alarms.
   *
   * @default - none
   */
  readonly alarms?: IAlarm[];
}
