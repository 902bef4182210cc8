import LinkHeader from 'http-link-header';

/** A response of the API to the request for a page. */
export interface PageAnswer {
  readonly url: URL;
  readonly headers: Headers;
  /** The parsed JSON. */
  readonly body: unknown;
  /** Position of this page; undefined for the first. */
  readonly from: string | undefined;
}

/** Pagination scheme of an API: `cursorPages`, `offsetPages`, `linkPages` or your own implementation. */
export interface Pagination {
  /** The address of the page at position `from`; undefined: of the first page. */
  urlOf(list: URL, from: string | undefined): URL;
  /** The items of the page, and the position of the next page, if any. MUST throw if the response has another shape. */
  read(answer: PageAnswer): { readonly items: readonly unknown[]; readonly next: string | undefined };
}

export interface CursorPagesOptions {
  /** Property of the response with the array of items. @default 'items' */
  readonly items?: string;
  /**
   * Property with the cursor of the next page; absent, empty, null or `'null'` on the last page. @default 'nextCursor'
   */
  readonly next?: string;
  /** Query parameter for the cursor. @default 'cursor' */
  readonly parameter?: string;
}

/** Each page contains the cursor of the next page. */
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
      return { items: itemsOf(body, items), next: cursor === '' || cursor === 'null' ? undefined : String(cursor) };
    },
  };
}

export interface OffsetPagesOptions {
  /** Property of the response with the array of items. @default 'items' */
  readonly items?: string;
  /** Query parameter for the number of items to skip. @default 'offset' */
  readonly parameter?: string;
}

/**
 * Pages by offset. The list ends with an empty page, because a short page can be due to a limit of the server.
 *
 * Limitation: an item that is removed while the list is read shifts the others, so that one is skipped. Prefer cursors
 * if the API supports them.
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
  /** Property of the response with the array of items. @default - the response itself is the array */
  readonly items?: string;
}

/**
 * Each response has a `Link` header with the address of the `rel="next"` page. @see
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
