import { Duration } from 'aws-cdk-lib';

/** Layout of the dashboard, each number with its reason. */
export const DashboardDefaults = {
  /** Half a day: shows the night in the morning. */
  defaultInterval: Duration.hours(12),
  /** The width of CloudWatch's grid. */
  width: 24,
  /** A heading and a sentence. */
  textHeight: 2,
  /** High enough for a legend below the graph. */
  graphHeight: 6,
  /** A quarter of the width each: more would cut off the legends. */
  graphsInARow: 4,
  /** The number of alarms in a row of a full-width widget. */
  alarmsInARow: 6,
} as const;
