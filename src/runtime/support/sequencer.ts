const MAX_DIGITS = 32;

/**
 * A sequencer of S3 in a form that compares as text: upper case, left-padded with zeros to 32 digits. Undefined if it
 * is not hexadecimal text of 1 to 32 digits.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export const comparableSequencer = (sequencer: string): string | undefined =>
  /^[0-9A-Fa-f]{1,32}$/.test(sequencer) ? sequencer.toUpperCase().padStart(MAX_DIGITS, '0') : undefined;
