import { Duration } from 'aws-cdk-lib';

/** How a page is laid out, each number with its reason. */
export const DashboardDefaults = {
  /** Half a day: the night, seen in the morning. */
  defaultInterval: Duration.hours(12),
  /** As wide as CloudWatch's grid. */
  width: 24,
  /** A heading and a sentence. */
  textHeight: 2,
  /** High enough for a legend below the lines. */
  graphHeight: 6,
  /** A quarter of the page each: more would cut off the legends. */
  graphsInARow: 4,
  /** As many as CloudWatch puts side by side in a widget of full width. */
  alarmsInARow: 6,
} as const;
