import { fileworks, type Ended } from '../../../cli/test/support/command';

/** Commands of an operator and their output, as a page of documentation. */
export class Transcript {
  #text: string;

  constructor(head: string) {
    this.#text = head;
  }

  write(text: string): void {
    this.#text += `\n${text}\n`;
  }

  /** Runs the tool on a stack. */
  async run(stack: string, ...args: string[]): Promise<Ended> {
    const ended = await fileworks(['--stack', stack, ...args]);
    this.#record(
      `npx fileworks --stack ${stack} ${args.map(quoted).join(' ')}`,
      [ended.out, ended.err].filter((text) => text !== '').join('\n'),
    );
    if (ended.code !== 0) {
      throw new Error(`fileworks ${args.join(' ')} ended with ${ended.code}: ${ended.err}`);
    }
    return ended;
  }

  /** A command of another tool; the test makes the same call with the SDK. */
  async shell(command: string, effect: () => Promise<unknown>): Promise<void> {
    await effect();
    this.#record(command, '');
  }

  get text(): string {
    return this.#text;
  }

  #record(command: string, output: string): void {
    this.#text += `\n\`\`\`console\n$ ${command}\n${output === '' ? '' : `${output}\n`}\`\`\`\n`;
  }
}

/** Quotes a word for bash; only `$'…'` can contain an escape character. */
const quoted = (text: string) => {
  if (/[\u0000-\u001f]/.test(text)) {
    return `$'${text.replaceAll('\u001b', '\\e')}'`;
  }
  return /^[\w./-]+$/.test(text) ? text : `'${text}'`;
};

/**
 * The parts of a transcript that are the same in every run: prose, commands, problems and remedies.
 *
 * Tables, times and ids differ between runs.
 */
export function skeletonOf(transcript: string): string[] {
  let inBlock = false;
  return transcript
    .split('\n')
    .filter((line) => {
      if (line.startsWith('```')) {
        inBlock = !inBlock;
      }
      return !inBlock || /^(```|\$ |Problems|No problems found| +hop \d: | +→ )/.test(line);
    })
    .map((line) =>
      line
        // A receive call of a stopped task may hold messages for a while, so the number of visible messages varies
        .replaceAll(/\b\d+ messages? visible\b/g, 'SOME messages visible')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'ID')
        .replaceAll(/([A-Za-z]+[0-9A-F]{8})-[0-9A-Fa-f]{9,}/g, '$1'),
    );
}
