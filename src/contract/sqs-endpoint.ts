/**
 * Options of SQS clients that make them honor the endpoint of the environment.
 *
 * The SDK sends a call to the host of its queue URL rather than to the endpoint that it has resolved. CloudFormation
 * writes the host of the standard endpoint into queue URLs, so an endpoint of the user's own, a FIPS endpoint or a
 * dual-stack endpoint would never be used.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
 */
export function sqsEndpoint(env: Readonly<Record<string, string | undefined>>): {
  readonly useQueueUrlAsEndpoint?: false;
} {
  const named = env.AWS_ENDPOINT_URL_SQS ?? env.AWS_ENDPOINT_URL ?? '';
  const isChosen = named !== '' || isOn(env.AWS_USE_FIPS_ENDPOINT) || isOn(env.AWS_USE_DUALSTACK_ENDPOINT);
  return isChosen ? { useQueueUrlAsEndpoint: false } : {};
}

/** As the SDK reads these variables; it refuses other values than `true` and `false`. */
function isOn(value: string | undefined): boolean {
  return value === 'true';
}
