import LinkHeader from 'http-link-header';

/** An answer of the API to the request for a page. */
export interface PageAnswer {
  readonly url: URL;
  readonly headers: Headers;
  /** The parsed JSON. */
  readonly body: unknown;
  /** Where this page began; undefined for the first. */
  readonly from: string | undefined;
}

/**
 * How an API splits a list into pages. `cursorPages`, `offsetPages` and `linkPages` are three; a fourth can be brought.
 */
export interface Pagination {
  /** The address of the page that begins at `from`; undefined: of the first. */
  urlOf(list: URL, from: string | undefined): URL;
  /**
   * The items of the page, and where the next one begins, if there is one. MUST throw when the answer has another
   * shape.
   */
  read(answer: PageAnswer): { readonly items: readonly unknown[]; readonly next: string | undefined };
}

export interface CursorPagesOptions {
  /** Property of the answer with the array of items. @default 'items' */
  readonly items?: string;
  /** Property with the cursor of the next page; absent, null or empty on the last one. @default 'nextCursor' */
  readonly next?: string;
  /** Query parameter that takes the cursor. @default 'cursor' */
  readonly parameter?: string;
}

/** Each page names the cursor of the next. */
export function cursorPages({
  items = 'items',
  next = 'nextCursor',
  parameter = 'cursor',
}: CursorPagesOptions = {}): Pagination {
  return {
    urlOf: (list, from) => withParameter(list, parameter, from),
    read({ body }) {
      const cursor = (body as Readonly<Record<string, unknown>> | null)?.[next] ?? '';
      if (typeof cursor !== 'string' && typeof cursor !== 'number') {
        throw new TypeError(`Expected \`${next}\` of the page to be text, got ${typeof cursor}`);
      }
      return { items: itemsOf(body, items), next: cursor === '' ? undefined : String(cursor) };
    },
  };
}

export interface OffsetPagesOptions {
  /** Property of the answer with the array of items. @default 'items' */
  readonly items?: string;
  /** Query parameter that takes the number of items to pass over. @default 'offset' */
  readonly parameter?: string;
}

/**
 * Pages by the number of items before them. The list ends with an empty page: a shorter one can be the server's own
 * limit.
 *
 * Limitation: an item that is taken away while the list is read shifts the rest, and one is passed over. Prefer cursors
 * where the API has them.
 */
export function offsetPages({ items = 'items', parameter = 'offset' }: OffsetPagesOptions = {}): Pagination {
  return {
    urlOf: (list, from) => withParameter(list, parameter, from),
    read({ body, from }) {
      const found = itemsOf(body, items);
      return { items: found, next: found.length === 0 ? undefined : String(Number(from ?? 0) + found.length) };
    },
  };
}

export interface LinkPagesOptions {
  /** Property of the answer with the array of items. @default - the answer itself is the array */
  readonly items?: string;
}

/**
 * Each answer has a header `Link` with the address of the page that is `rel="next"`. @see
 * https://www.rfc-editor.org/rfc/rfc8288
 */
export function linkPages({ items }: LinkPagesOptions = {}): Pagination {
  return {
    urlOf: (list, from) => (from === undefined ? list : new URL(from, list)),
    read({ url, headers, body }) {
      const [next] = LinkHeader.parse(headers.get('link') ?? '').rel('next');
      return {
        items: itemsOf(body, items),
        next: (next as LinkHeader.Reference | undefined) && new URL(next.uri, url).href,
      };
    },
  };
}

function withParameter(list: URL, parameter: string, from: string | undefined): URL {
  const url = new URL(list);
  if (from !== undefined) {
    url.searchParams.set(parameter, from);
  }
  return url;
}

function itemsOf(body: unknown, property: string | undefined): readonly unknown[] {
  const items = property === undefined ? body : (body as Readonly<Record<string, unknown>> | null)?.[property];
  if (!Array.isArray(items)) {
    throw new TypeError(
      `Expected ${property === undefined ? 'the page' : `\`${property}\` of the page`} to be an array, got ${typeof items}`,
    );
  }
  return items;
}
