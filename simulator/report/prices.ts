import type { Fleet } from '../engine/fleet.ts';
import type { Worker } from '../template/read-worker.ts';

/**
 * Prices of Fargate in US East (N. Virginia), Linux, in US dollars for an hour.
 *
 * On demand: https://aws.amazon.com/fargate/pricing/ as quoted for June 2026 by https://fortem.dev/fargate-spot/ and by
 * https://www.vantage.sh/blog/fargate-pricing; unchanged since 2019. Spot prices move with supply: this is the share
 * that AWS listed according to https://tomgregory.com/aws/aws-fargate-spot-vs-fargate-price-comparison/
 * ($0.01334053 of $0.04048), close to the "up to 70 %" that AWS advertises.
 */
export const Prices = {
  region: 'us-east-1',
  asOf: 'June 2026',
  vcpuHour: { X86_64: 0.04048, ARM64: 0.03238 },
  gibHour: { X86_64: 0.004445, ARM64: 0.00356 },
  storageGibHour: 0.000111,
  spotShare: 0.32956,
} as const;

/** The price of the billed task time of a service, in US dollars. */
export function costOf(worker: Worker, { spotSeconds, onDemandSeconds }: Fleet['billed']): number {
  const compute =
    worker.vcpu * Prices.vcpuHour[worker.architecture] + worker.memoryGiB * Prices.gibHour[worker.architecture];
  const storage = worker.extraStorageGiB * Prices.storageGibHour;
  return (onDemandSeconds * (compute + storage) + spotSeconds * (compute * Prices.spotShare + storage)) / 3_600;
}
