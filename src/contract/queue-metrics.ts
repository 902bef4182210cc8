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

/** After a dependency has been unavailable for this long, one task probes it, and the others are stopped. */
const ONE_TASK_AFTER_SECONDS = 600;

/**
 * The backlog to scale for: one message while the jobs of every queue have waited for a dependency for ten minutes.
 *
 * @param unavailable ids of `DependencyUnavailableTime` of each queue, which has data points only meanwhile
 */
export function demandOf(backlog: string, unavailable: readonly string[]): string {
  const filled = unavailable.map((id) => `FILL(${id}, 0)`);
  const shortest = filled.length === 1 ? filled[0] : `MIN([${filled.join(', ')}])`;
  return `IF(${shortest} >= ${ONE_TASK_AFTER_SECONDS}, 1, ${backlog})`;
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
