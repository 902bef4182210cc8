/**
 * What stands between the key of a manifest and the number of a page that tells the next attempt what is done.
 *
 * The runtime writes these pages and deletes them when the manifest stands; constructs grant the deletion of nothing
 * else.
 */
export const PAGE_KEY_INFIX = '.part/';
