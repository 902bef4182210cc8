/** How far a list was read, to recognize pages that repeat. It has the same size however long the list is. */
export interface PageTrail {
  /** Pages read. */
  readonly pages: number;
  /** Position of the page whose number was the last power of two; undefined for the first page. */
  readonly checkpoint?: string;
}

export const NO_PAGES: PageTrail = { pages: 0 };

/**
 * The trail after the page at `place`.
 *
 * A list that returns to an earlier position meets its checkpoint again after at most three times its pages: Brent's
 * algorithm.
 *
 * @see https://maths-people.anu.edu.au/~brent/pd/rpb051i.pdf
 */
export function extended({ pages, checkpoint }: PageTrail, place: string | undefined): PageTrail {
  const isPowerOfTwo = (pages & (pages - 1)) === 0;
  const at = isPowerOfTwo ? place : checkpoint;
  return { pages: pages + 1, ...(at !== undefined && { checkpoint: at }) };
}
