/** The subset of a pino logger that the runtime uses; any logger with this interface works. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
  child(fields: object): Logger;
}

/**
 * The logger, where a call that throws has no effect: a line that cannot be written must not change what happens to a
 * message.
 */
export function unfailing(logger: Logger): Logger {
  const write =
    (level: Exclude<keyof Logger, 'child'>) =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {
        // There is no other place to report it.
      }
    };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (fields) => {
      try {
        return unfailing(logger.child(fields));
      } catch {
        return silentLogger;
      }
    },
  };
}

const nothing = () => undefined;

export const silentLogger: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silentLogger,
};
