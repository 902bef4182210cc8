import type { IAlarm, IMetric } from 'aws-cdk-lib/aws-cloudwatch';

/** A graph of a stage. */
export interface PipelineGraph {
  /** The title of the graph. */
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

/** The content of a stage. */
export interface PipelineStageConfig {
  /** The name of the stage. */
  readonly title: string;

  /** The description of the stage below its title, in Markdown. */
  readonly text: string;

  /** Its graphs, at most four in a row. */
  readonly graphs: PipelineGraph[];

  /** Its alarms. */
  readonly alarms: IAlarm[];
}

/** Options of `PipelineStage.custom()`. */
export interface CustomStageOptions {
  /**
   * The description of the stage below its title, in Markdown.
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
