/** The start of a response's range, and the size of the whole resource if it is known. */
export interface ContentRange {
  readonly start: number;
  readonly size: number | undefined;
}

/** Parses a `Content-Range` header. Undefined if it is not a range of bytes. */
export function contentRangeOf(header: string | null | undefined): ContentRange | undefined {
  const range = /^bytes (?<start>\d+)-\d+\/(?<size>\d+|\*)$/.exec(header ?? '')?.groups;
  return range && { start: Number(range.start), size: range.size === '*' ? undefined : Number(range.size) };
}

/** The validator for `If-Range`: a strong ETag, otherwise the date, according to RFC 9110 13.1.5. */
export function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  return etag?.startsWith('"') === true ? etag : (headers.get('last-modified') ?? undefined);
}
