/*
 * Metric math over the metrics of the queues of a worker, given by their ids.
 *
 * SQS reports the visible messages of an active queue, and the messages in flight only if there are any; a queue that
 * is idle for six hours is inactive and has no metrics.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 *
 * So the messages in flight are filled with 0, and the visible ones decide whether there is a data point. If these were
 * filled too, a data point that is late would be a 0, and an alarm whose newest minute is always late could not leave
 * its state.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */

/** Visible and in-flight messages of all queues. */
export function backlogOf(visible: readonly string[], inFlight: readonly string[]): string {
  return `${visibleOf(visible)} + ${inFlightOf(inFlight)}`;
}

/** Visible messages while none is in flight, otherwise 0. */
export function notStartedOf(visible: readonly string[], inFlight: readonly string[]): string {
  return `IF(${inFlightOf(inFlight)} > 0, 0, ${visibleOf(visible)})`;
}

/** Among several queues, one without metrics counts as empty. Without metrics of any queue, there is no data point. */
function visibleOf(ids: readonly string[]): string {
  return ids.length === 1 ? ids[0] : `IF(${sumOf(ids, -1)} > ${-ids.length}, ${sumOf(ids, 0)}, ${ids[0]})`;
}

function inFlightOf(ids: readonly string[]): string {
  return sumOf(ids, 0);
}

function sumOf(ids: readonly string[], filler: number): string {
  return ids.map((id) => `FILL(${id}, ${filler})`).join(' + ');
}
