import { type Finding, judge } from './support/judge';
import { resourcesOf, stacks } from './support/templates';

interface Report {
  readonly errors: readonly { readonly 'Error code': string; readonly Message: string }[];
}

/** The package has no types. */
const validate = jest.requireActual<(definition: unknown, options: object) => Report>('asl-validator');

function check(where: string, definition: string): Finding[] {
  const { errors } = validate(JSON.parse(definition), { checkPaths: true, checkArn: true });
  return errors.map((error) => ({ rule: error['Error code'], where, message: error.Message }));
}

judge('asl-validator', {
  find: () =>
    stacks().flatMap((stack) =>
      resourcesOf(stack, 'AWS::StepFunctions::StateMachine').flatMap(({ id, properties }) =>
        check(`${stack.name}/${id}`, (properties as { DefinitionString: string }).DefinitionString),
      ),
    ),
  fault: () => check('a state machine without its state', '{"StartAt":"Missing","States":{}}'),
});
