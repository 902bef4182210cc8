import type { Random } from './random.ts';

/** What a file of a target exports. */
export interface FuzzTarget {
  /** Those that are longer are tried and not changed: they are slow. */
  readonly maxBytes: number;
  /** The inputs to begin with. */
  seeds(root: string): readonly Buffer[];
  /** Another input, made of two. */
  mutate(input: Buffer, other: Buffer, random: Random): Buffer;
  /** @throws what must not happen */
  fuzz(input: Buffer): Promise<void>;
}
