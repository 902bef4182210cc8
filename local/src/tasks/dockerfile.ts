import { posix } from 'node:path';
import {
  Add,
  Arg,
  Cmd,
  Copy,
  DockerfileParser,
  Entrypoint,
  Env,
  From,
  type Instruction,
  type PropertyInstruction,
  Run,
  Shell,
  Workdir,
} from 'dockerfile-ast';
import { LocalCloudError } from '../errors';
import { expand, type Variables } from './dockerfile-words';

/** A COPY or ADD with absolute paths of the image; sources are relative to the context, or paths of another stage. */
export interface CopiedFiles {
  readonly sources: readonly string[];
  readonly from: Stage | undefined;
  readonly to: string;
  /** Whether `to` is a folder that receives the sources, whatever they are. */
  readonly intoFolder: boolean;
}

/** A stage after its last instruction, with all that it has from the stages that it is based on. */
export interface Stage {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly copies: readonly CopiedFiles[];
  /** The image of a registry below all stages. */
  readonly base: string;
  /** Whether a RUN of this or any other stage may have made files of it. */
  readonly hasRun: boolean;
}

export interface DockerfileOptions {
  /** A stage, by name or number. Default: the last. */
  readonly target?: string;
  readonly args?: Variables;
}

/**
 * Reads what a Dockerfile says about the process of a container. RUN is not run, so what it installs or builds is
 * missing.
 */
export function readDockerfile(text: string, { target, args = {} }: DockerfileOptions = {}): Stage {
  const dockerfile = DockerfileParser.parse(text);
  const reader = new Reader(args, dockerfile.getEscapeCharacter());
  dockerfile.getInstructions().forEach((instruction) => reader.read(instruction));
  const stage = reader.stage(target);
  if (!stage) {
    const problem = target === undefined ? 'has no FROM' : `has no stage ${target}`;
    throw new LocalCloudError('AssemblyInvalid', `its Dockerfile ${problem}`);
  }
  return stage;
}

type MutableStage = { -readonly [Key in keyof Stage]: Stage[Key] } & { readonly name: string | undefined };

class Reader {
  readonly #given: Variables;
  readonly #escape: string;
  readonly #stages: MutableStage[] = [];
  readonly #globalArgs: Partial<Record<string, string>> = {};
  #args: Partial<Record<string, string>> = {};
  #shell: readonly string[] = ['/bin/sh', '-c'];
  #hasCommand = false;

  constructor(given: Variables, escape: string) {
    this.#given = given;
    this.#escape = escape;
  }

  stage(target: string | undefined): MutableStage | undefined {
    return target === undefined
      ? this.#stages.at(-1)
      : (this.#stages.findLast(({ name }) => name === target.toLowerCase()) ?? this.#stages[Number(target)]);
  }

  read(instruction: Instruction): void {
    const stage = this.#stages.at(-1);
    if (instruction instanceof From) {
      this.#from(instruction);
    } else if (instruction instanceof Arg) {
      this.#arg(instruction);
    } else if (stage) {
      this.#inStage(instruction, stage);
    }
  }

  #inStage(instruction: Instruction, stage: MutableStage): void {
    if (instruction instanceof Env) {
      // All values of one instruction see the variables before it.
      stage.env = { ...stage.env, ...Object.fromEntries(this.#properties(instruction)) };
    } else if (instruction instanceof Workdir) {
      stage.workdir = posix.resolve(stage.workdir, this.#expand(instruction.getArgumentsContent() ?? ''));
    } else if (instruction instanceof Shell) {
      this.#shell = execForm(instruction.getArgumentsContent()) ?? this.#shell;
    } else if (instruction instanceof Cmd) {
      stage.command = this.#words(instruction);
      this.#hasCommand = true;
    } else if (instruction instanceof Entrypoint) {
      stage.entrypoint = this.#words(instruction);
      // As Docker: the command of the base is for the entrypoint of the base.
      stage.command = this.#hasCommand ? stage.command : [];
    } else if (instruction instanceof Copy || instruction instanceof Add) {
      this.#copy(instruction, stage);
    } else if (instruction instanceof Run) {
      stage.hasRun = true;
    }
  }

  #from(instruction: From): void {
    const image = expand(instruction.getImage() ?? '', this.#globalArgs, this.#escape);
    const base = this.#stages.findLast(({ name }) => name === image.toLowerCase());
    this.#args = {};
    this.#shell = ['/bin/sh', '-c'];
    this.#hasCommand = false;
    this.#stages.push({
      ...(base ?? { entrypoint: [], command: [], workdir: '/', env: {}, copies: [], base: image, hasRun: false }),
      name: instruction.getBuildStage()?.toLowerCase(),
    });
  }

  #arg(instruction: PropertyInstruction): void {
    const isGlobal = this.#stages.length === 0;
    for (const property of instruction.getProperties()) {
      const name = property.getName();
      const value = property.getUnescapedValue();
      const known = this.#given[name] ?? (value === null ? this.#globalArgs[name] : this.#expand(value));
      if (known !== undefined) {
        (isGlobal ? this.#globalArgs : this.#args)[name] = known;
      }
    }
  }

  #copy(instruction: Copy | Add, stage: MutableStage): void {
    const from =
      instruction
        .getFlags()
        .find((flag) => flag.getName() === 'from')
        ?.getValue() ?? undefined;
    const source = from === undefined ? undefined : this.stage(this.#expand(from));
    const words =
      execForm(instruction.getArgumentsContent()) ??
      instruction.getArguments().map((argument) => this.#expand(argument.getValue()));
    const to = words.at(-1);
    const hasHeredoc = words.some((word) => word.startsWith('<<'));
    if (to === undefined || hasHeredoc || (from !== undefined && !source)) {
      return;
    }
    const copied = {
      sources: words.slice(0, -1),
      from: source && { ...source },
      to: posix.resolve(stage.workdir, to),
      intoFolder: /(^|\/)\.?$/.test(to) || words.length > 2 || words.some((word) => /[*?[]/.test(word)),
    };
    stage.copies = [...stage.copies, copied];
    stage.hasRun ||= source?.hasRun ?? false;
  }

  /** Exec form: a JSON array; anything else is a command of the shell. */
  #words(instruction: Instruction): readonly string[] {
    const continued = new RegExp(`${this.#escape === '`' ? '`' : '\\\\'}[ \\t]*\\r?\\n`, 'g');
    const text = (instruction.getRawArgumentsContent() ?? '').replace(/\n[ \t]*#.*/g, '\n').replace(/\n\s*\n/g, '\n');
    const line = text.replace(continued, ' ').trim();
    return execForm(line) ?? (line === '' ? [] : [...this.#shell, line]);
  }

  #properties(instruction: PropertyInstruction): [string, string][] {
    return instruction
      .getProperties()
      .map((property) => [property.getName(), this.#expand(property.getUnescapedValue() ?? '')]);
  }

  #expand(word: string): string {
    return expand(word, { PATH: process.env['PATH'], ...this.#args, ...this.#stages.at(-1)?.env }, this.#escape);
  }
}

function execForm(text: string | null): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? '');
    return Array.isArray(parsed) && parsed.every((word) => typeof word === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}
