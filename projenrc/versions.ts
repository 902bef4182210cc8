/**
 * The oldest Node.js that users may run. CDK's support for Node 20 ended on 2026-10-30; the runtime takes CRC-32 from
 * `zlib.crc32`, which came with 22.2.0.
 * Node 22 became LTS with 22.11, so nobody is left behind.
 *
 * @see https://nodejs.org/api/zlib.html#zlibcrc32data-value
 */
export const NODE_MIN = '22.2.0';
/** The Node.js that all work in this repository runs on, whatever the machine has. */
export const NODE_WORK = '24.21.0';
/** What jsii 6.0 embeds. 7.x has no compiler API for typescript-eslint. */
export const TYPESCRIPT = '~6.0.3';
export const AWS_SDK = '^3.1100.0';
