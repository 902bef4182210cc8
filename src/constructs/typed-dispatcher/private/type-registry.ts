import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DispatchRule, DispatchRules } from '../../../contract/dispatch-config';
import { groupingOf } from '../../../contract/dispatch-grouping';
import { ValidationError } from '../../private/validation-error';
import { warn } from '../../private/warning';
import type { DispatchTypeOptions } from '../dispatch-type-options';
import { UnmatchedFile } from '../unmatched-file';
import { checkRoom } from './function-room';
import type { KeyPattern } from './key-pattern';
import { renderRule } from './rule';
import type { BoundTarget } from './target-binder';
import { type CompiledMatch, compileMatch } from './type-match';
import { commonKey } from './type-overlap';

export interface TypeRegistryOptions {
  readonly unmatched?: UnmatchedFile;
  /** The limit for all types together. */
  readonly maxConcurrentTasks?: number;
}

/**
 * The types of a dispatcher, in the order of their evaluation, and the configuration of its functions after all are
 * added.
 */
export class TypeRegistry {
  readonly #dispatcher: Construct;
  readonly #unmatched: UnmatchedFile;
  readonly #maxConcurrentTasks?: number;
  readonly #rules: DispatchRule[] = [];
  readonly #matches: CompiledMatch[] = [];
  readonly #launches: Record<string, BoundTarget['launch']> = {};
  readonly #limits: Record<string, number> = {};

  constructor(
    dispatcher: Construct,
    { unmatched = UnmatchedFile.DEAD_LETTER, maxConcurrentTasks }: TypeRegistryOptions,
  ) {
    this.#dispatcher = dispatcher;
    this.#unmatched = unmatched;
    this.#maxConcurrentTasks = maxConcurrentTasks;
    dispatcher.node.addValidation({ validate: () => this.#validate() });
  }

  get rules(): readonly DispatchRule[] {
    return this.#rules;
  }

  /** The objects of a type, or undefined if they may be any, because the type gets files that none matches. */
  patternsOf(type: string): readonly KeyPattern[] | undefined {
    const index = this.#rules.findIndex((rule) => rule.type === type);
    if (index === -1) {
      throw new ValidationError(
        `typeId must be a type of the dispatcher, got: ${type}; add it with addType before`,
        this.#dispatcher,
      );
    }
    return this.#unmatched.typeId === type ? undefined : this.#matches[index].patterns;
  }

  checkId(id: string): void {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,31}$/.test(id) || this.#rules.some(({ type }) => type === id)) {
      throw new ValidationError(
        `id of a type must be new, have 1 to 32 letters, digits and -, and start with a letter, got: ${id}`,
        this.#dispatcher,
      );
    }
  }

  add(scope: Construct, id: string, options: DispatchTypeOptions, launch: BoundTarget['launch']): DispatchRule {
    const match = compileMatch(scope, options);
    const rule = renderRule(scope, id, options, match, this.#maxConcurrentTasks);
    this.#warnOfOverlaps(scope, match);
    this.#launches[id] = launch;
    if (options.maxConcurrentTasks !== undefined) {
      this.#limits[id] = options.maxConcurrentTasks;
    }
    this.#rules.push(rule);
    this.#matches.push(match);
    return rule;
  }

  renderRules(): string {
    const { action, typeId: type } = this.#unmatched;
    const rules: DispatchRules = {
      rules: this.#rules,
      unmatched: type === undefined ? (action as 'dead-letter' | 'ignore') : { type },
    };
    return this.#render('types and their patterns', rules);
  }

  renderLaunches(): string {
    return this.#render('types and their targets', this.#launches);
  }

  renderLimits(): string {
    return JSON.stringify({ all: this.#maxConcurrentTasks, types: this.#limits });
  }

  renderGroupings(): string {
    return JSON.stringify(
      Object.fromEntries(this.#rules.map((rule) => [rule.type, groupingOf({ ...rule, sequence: rule.type })])),
    );
  }

  #render(what: string, value: object): string {
    checkRoom(what, value, this.#dispatcher);
    return Stack.of(this.#dispatcher).toJsonString(value);
  }

  #warnOfOverlaps(scope: Construct, match: CompiledMatch): void {
    const others = this.#matches
      .map((other, index) => ({ type: this.#rules[index].type, key: commonKey(other, match) }))
      .filter(({ key }) => key !== undefined);
    if (others.length === 0) {
      return;
    }
    const [{ type: first, key }] = others;
    warn(
      scope,
      'TypedDispatcher.overlappingTypes',
      `Some files also match ${others.map(({ type }) => type).join(' and ')}, such as ${JSON.stringify(key)}, which gets the type ${first} because that was added first; ` +
        'narrow the types, or acknowledge this if it is intended',
    );
  }

  #validate(): string[] {
    const { typeId: type } = this.#unmatched;
    if (this.#rules.length === 0) {
      return ['a dispatcher needs at least one type; call addType'];
    }
    if (type === undefined) {
      return [];
    }
    const rule = this.#rules.find((other) => other.type === type);
    if (rule === undefined) {
      return [`unmatched must be a type of the dispatcher, got: ${type}; add it with addType`];
    }
    const part = rule.sequencePart ?? rule.orderPart;
    return part === undefined
      ? []
      : [
          `unmatched cannot be the type ${type}, which needs the part {${part}} of the key, which a file may lack; add a type for other files`,
        ];
  }
}
