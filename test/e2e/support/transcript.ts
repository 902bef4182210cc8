import { fileworks, type Ended } from '../../../cli/test/support/command';

/** What an operator typed and read, as a page of documentation. */
export class Transcript {
  #text: string;

  constructor(head: string) {
    this.#text = head;
  }

  say(text: string): void {
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

  /** A command of another tool, whose effect the test has by the SDK. */
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

/** As a person types it in bash, who can type an escape only so. */
const quoted = (text: string) => {
  if (/[\u0000-\u001f]/.test(text)) {
    return `$'${text.replaceAll('\u001b', '\\e')}'`;
  }
  return /^[\w./-]+$/.test(text) ? text : `'${text}'`;
};

/**
 * What is the same in every run: prose, commands, and what the tool finds to be wrong and advises.
 *
 * Tables, times and ids are of one run.
 */
export function skeletonOf(transcript: string): string[] {
  let inBlock = false;
  return transcript
    .split('\n')
    .filter((line) => {
      if (line.startsWith('```')) {
        inBlock = !inBlock;
      }
      return !inBlock || /^(```|\$ |What is wrong|Nothing is wrong| +hop \d: | +→ )/.test(line);
    })
    .map((line) =>
      line
        // A receive of a task that is gone may hold messages for a while, so how many wait is of one run too.
        .replaceAll(/\b\d+ (?=waiting\b)/g, 'SOME ')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'ID')
        .replaceAll(/([A-Za-z]+[0-9A-F]{8})-[0-9A-Fa-f]{9,}/g, '$1'),
    );
}
