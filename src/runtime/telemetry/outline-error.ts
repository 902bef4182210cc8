const MAX_TEXT_LENGTH = 4_096;
const MAX_CAUSES = 4;

export interface ErrorOutline {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  /** Id of a request to AWS, to ask its support with. */
  readonly requestId?: string;
  readonly cause?: ErrorOutline;
}

/**
 * What a log line says of an error, whatever was thrown; it never throws.
 *
 * Only what is listed here: errors of HTTP clients carry whole requests with their authorization, and properties can be
 * getters that throw.
 */
export function outlineError(error: unknown, depth = 0): ErrorOutline {
  try {
    if (typeof error !== 'object' || error === null) {
      return { type: typeof error, message: cut(String(error)) };
    }
    const { name, message, code, stack, cause, $metadata } = error as Readonly<Record<string, unknown>>;
    const requestId = ($metadata as { readonly requestId?: unknown } | undefined)?.requestId;
    return {
      type: typeof name === 'string' ? cut(name) : 'Error',
      message: typeof message === 'string' ? cut(message) : '',
      ...(typeof code === 'string' || typeof code === 'number' ? { code: cut(String(code)) } : {}),
      ...(typeof stack === 'string' ? { stack: cut(stack) } : {}),
      ...(typeof requestId === 'string' ? { requestId: cut(requestId) } : {}),
      ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: outlineError(cause, depth + 1) }),
    };
  } catch {
    return { type: 'Error', message: 'error that cannot be read' };
  }
}

function cut(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}… (${text.length} characters)`;
}
