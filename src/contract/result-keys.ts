/**
 * Separator between the key of a manifest and a page number. The pages record the progress of a job for the next
 * attempt.
 *
 * The runtime writes these pages and deletes them once the manifest is stored; constructs grant the deletion of nothing
 * else.
 */
export const PAGE_KEY_INFIX = '.part/';
