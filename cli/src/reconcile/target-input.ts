import type { Target } from '@aws-sdk/client-eventbridge';
import { CliError, ExitCode } from '../support/errors';

/**
 * The message that EventBridge sends to a target for an event: the event, a part of it, a constant, or a template.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function inputOf(
  { Arn: arn = '', Input: constant, InputPath: path, InputTransformer: of }: Target,
  event: object,
): string {
  if (constant !== undefined) {
    return constant;
  }
  if (path !== undefined) {
    return JSON.stringify(partOf(event, path) ?? null);
  }
  if (of?.InputTemplate === undefined) {
    return JSON.stringify(event);
  }
  let text = of.InputTemplate;
  for (const [name, part] of Object.entries(of.InputPathsMap ?? {})) {
    const value = JSON.stringify(partOf(event, part) ?? '');
    // A function, because the value may contain what has a meaning in a replacement
    text = text.replaceAll(new RegExp(`"<${name}>"|<${name}>`, 'g'), () => value);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new CliError(
      ExitCode.failed,
      `the input template of ${arn} must be JSON whose values are whole variables, got: ${of.InputTemplate}; send the events yourself`,
      { cause: error },
    );
  }
}

/** A part of the event by its JSON path, such as `$.detail.object`. */
function partOf(event: object, path: string): unknown {
  return path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name], event);
}
