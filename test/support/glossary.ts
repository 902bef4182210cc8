import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import * as ts from 'typescript';

/** A phrase of the glossary's column "Not", and the term of its row. */
export interface Phrase {
  readonly phrase: string;
  readonly term: string;
}

export interface Finding extends Phrase {
  readonly file: string;
  readonly line: number;
}

/** Extracts the prose of a text: everything else is blanked, so that offsets and lines stay. */
type Prose = (text: string) => string;

/** Reads the tables of the glossary whose last column is "Not". */
export function phrasesOf(glossary: string): Phrase[] {
  return [...glossary.matchAll(/^\| Term \|.*\| Not \|\n\|[ -|]+\|\n((?:\|.*\|\n?)+)/gm)].flatMap(([, rows]) =>
    rows
      .trim()
      .split('\n')
      .map((row) => row.split('|').map((cell) => cell.trim()))
      .flatMap(([, term, , not]) =>
        not
          .split(',')
          .map((phrase) => phrase.trim())
          .filter((phrase) => phrase !== '')
          .map((phrase) => ({ phrase, term })),
      ),
  );
}

const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ');

/** The comments of a language whose comments are those of C or of a shell. */
const commentsOf: Prose = (text) =>
  text.replaceAll(/(\/\*[\s\S]*?\*\/|(?<!\S)(?:\/\/|#).*)|\S/g, (other, comment?: string) => comment ?? blank(other));

const withoutCode: Prose = (comment) => comment.replaceAll(/`[^`\n]*`/g, blank);

/** Comments, and the literal strings that hold more than one word. */
const proseOfTypeScript: Prose = (text) => {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  const kept: string[] = [];
  let end = 0;
  const keep = (from: number, to: number, prose: Prose = (all) => all) => {
    kept.push(blank(text.slice(end, from)), prose(text.slice(from, to)));
    end = to;
  };
  const visit = (node: ts.Node) => {
    if (ts.isJSDoc(node)) {
      return; // It is also a comment before the token that follows
    }
    const children = node.getChildren(source);
    if (children.length > 0) {
      children.forEach(visit);
      return;
    }
    keep(node.pos, node.getStart(source), withoutCode);
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (isText && /\S\s+\S/.test(node.getText(source))) {
      keep(node.getStart(source), node.end);
    }
  };
  visit(source);
  return kept.join('');
};

/** Text without code and targets of links, and the prose in blocks of code. */
const proseOfMarkdown: Prose = (text) =>
  text.replaceAll(
    /^( *)```(\S*).*\n([\s\S]*?)^\1```$|`[^`\n]*`|(?<=\])\([^)\s]+\)/gm,
    (code: string, ...[, language = '', block = '']: (string | undefined)[]) => {
      const start = code.indexOf(block);
      const prose = proseOf(`.${language}`)(block);
      return blank(code.slice(0, start)) + prose + blank(code.slice(start + block.length));
    },
  );

const PROSE: Record<string, Prose> = {
  '.md': proseOfMarkdown,
  '.ts': proseOfTypeScript,
  '.js': proseOfTypeScript,
  '.py': commentsOf,
  '.java': commentsOf,
  '.sh': commentsOf,
  '.dockerfile': commentsOf,
};
const proseOf = (extension: string): Prose => PROSE[extension] ?? blank;

/** Finds the phrases in the prose of a file, also where a phrase is broken over two lines of a comment. */
export function findingsIn(file: string, text: string, phrases: readonly Phrase[]): Finding[] {
  const prose = proseOf(extname(file))(text);
  return phrases.flatMap((phrase) => {
    const words = phrase.phrase.replaceAll(' ', String.raw`\s+(?:(?:\*|\/\/|#)\s+)?`);
    return [...prose.matchAll(new RegExp(String.raw`(?<![\w-])${words}(?![\w-])`, 'gi'))].map(({ index }) => ({
      ...phrase,
      file,
      line: prose.slice(0, index).split('\n').length,
    }));
  });
}

/** Finds the phrases in the files of a repository that match one of the patterns of Git. */
export function findingsAt(root: string, patterns: readonly string[], phrases: readonly Phrase[]): Finding[] {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...patterns], {
    cwd: root,
    encoding: 'utf8',
  });
  return files
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(root, file)))
    .flatMap((file) => findingsIn(file, readFileSync(join(root, file), 'utf8'), phrases));
}
