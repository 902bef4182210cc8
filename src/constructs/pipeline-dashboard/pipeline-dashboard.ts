import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { describeAlarm } from '../private/alarm';
import { ValidationError } from '../private/validation-error';
import { DashboardDefaults } from './defaults';
import type { PipelineStage } from './pipeline-stage';
import type { PipelineGraph } from './pipeline-stage-config';

/** Properties of `PipelineDashboard`. */
export interface PipelineDashboardProps {
  /** The parts of the pipeline, in the order in which a file passes through them; one or more. */
  readonly stages: PipelineStage[];

  /**
   * The name of the dashboard: letters, digits, `-` and `_`.
   *
   * @default - a name that CloudFormation makes
   */
  readonly dashboardName?: string;

  /**
   * The time that the page shows when it is opened, from 1 minute on.
   *
   * @default Duration.hours(12)
   */
  readonly defaultInterval?: Duration;

  /**
   * What is done when the first alarm of the pipeline rings, and not again until all are quiet: one call for one
   * trouble, however many alarms it rings.
   * It creates `alarm`.
   *
   * @default - each alarm has only the actions of its own
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * One page for a pipeline: on top all of its alarms, below them its parts, hop by hop.
 *
 * It reads what the constructs and `runWorker` of fileworks-runtime report; it makes no metrics of its own.
 *
 * @example
 * declare const worker: QueueScaledFargateWorker;
 * const inbox = new FileIngestBucket(this, 'Inbox');
 * const archives = inbox.addRoute('Archives', { suffixes: ['.zip'], target: IngestTarget.worker(worker) });
 * new PipelineDashboard(this, 'Dashboard', {
 *   stages: [PipelineStage.ingest(inbox, [archives]), PipelineStage.worker(worker)],
 * });
 */
@propertyInjectable
export class PipelineDashboard extends Construct {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.PipelineDashboard';

  /** The page, for widgets of one's own. */
  readonly dashboard: cloudwatch.Dashboard;

  /** All alarms of the stages. */
  readonly alarms: cloudwatch.IAlarm[];

  /** Rings while any alarm of the pipeline does; undefined without `alarmActions`. */
  readonly alarm?: cloudwatch.CompositeAlarm;

  constructor(scope: Construct, id: string, props: PipelineDashboardProps) {
    super(scope, id);
    const stages = props.stages.map(({ config }) => config);
    if (stages.length === 0) {
      throw new ValidationError(
        'stages cannot be empty; add what the pipeline consists of, such as PipelineStage.worker(worker)',
        this,
      );
    }
    this.alarms = [...new Set(stages.flatMap(({ alarms }) => alarms))];
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: props.dashboardName,
      defaultInterval: props.defaultInterval ?? DashboardDefaults.defaultInterval,
      periodOverride: cloudwatch.PeriodOverride.INHERIT,
    });
    this.alarm = props.alarmActions && this.#createAlarm(props.alarmActions);
    this.#addAlarms();
    for (const { title, text, graphs } of stages) {
      this.#addStage(`## ${title}\n\n${text}`, graphs);
    }
  }

  #createAlarm(actions: cloudwatch.IAlarmAction[]): cloudwatch.CompositeAlarm {
    if (this.alarms.length === 0) {
      throw new ValidationError(
        'alarmActions needs stages with alarms, and these have none; add alarms to them, or leave it out',
        this,
      );
    }
    const alarm = new cloudwatch.CompositeAlarm(this, 'Alarm', {
      alarmDescription: describeAlarm({
        description: `Something is wrong in the pipeline of ${this.node.path}; its dashboard shows which alarm rings`,
        runbook: 'pipeline',
      }),
      alarmRule: cloudwatch.AlarmRule.anyOf(
        ...this.alarms.map((one) => cloudwatch.AlarmRule.fromAlarm(one, cloudwatch.AlarmState.ALARM)),
      ),
    });
    alarm.addAlarmAction(...actions);
    return alarm;
  }

  #addAlarms(): void {
    if (this.alarms.length > 0) {
      const rows = Math.ceil(this.alarms.length / DashboardDefaults.alarmsInARow);
      this.dashboard.addWidgets(
        new cloudwatch.AlarmStatusWidget({
          title: 'Alarms',
          alarms: this.alarms,
          width: DashboardDefaults.width,
          height: 1 + rows,
        }),
      );
    }
  }

  #addStage(markdown: string, graphs: PipelineGraph[]): void {
    const { width, textHeight, graphHeight, graphsInARow } = DashboardDefaults;
    this.dashboard.addWidgets(
      new cloudwatch.TextWidget({
        markdown,
        width,
        height: textHeight,
        background: cloudwatch.TextWidgetBackground.TRANSPARENT,
      }),
    );
    for (let first = 0; first < graphs.length; first += graphsInARow) {
      const row = graphs.slice(first, first + graphsInARow);
      this.dashboard.addWidgets(
        ...row.map(
          ({ title, left, right }) =>
            new cloudwatch.GraphWidget({
              title,
              left,
              right,
              width: width / row.length,
              height: graphHeight,
              leftYAxis: { min: 0 },
              rightYAxis: { min: 0 },
              liveData: true,
            }),
        ),
      );
    }
  }
}
