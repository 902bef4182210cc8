import { AST_TOKEN_TYPES, type TSESLint, type TSESTree } from '@typescript-eslint/utils';

/** Names that are written in lower case wherever they stand. */
const LOWER_CASE_NAMES =
  /^(npm|npx|node|jsii|esbuild|projen|tsc|git|pip|mvn|eslint|prettier|undici|yauzl|dbt|psql|zlib)\b/;

/**
 * A comment on a line of its own starts with a capital letter, unless its first word is code. A comment behind code
 * may start in lower case. ESLint's `capitalized-comments` cannot tell the two apart.
 */
export const commentCase: TSESLint.RuleModule<'capital'> = {
  meta: {
    type: 'layout',
    fixable: 'code',
    schema: [],
    defaultOptions: [],
    messages: { capital: 'a comment on a line of its own starts with a capital letter' },
  },
  create({ sourceCode, report }) {
    const { lines } = sourceCode;
    const continues = (comment: TSESTree.Comment) => /^\s*\/\//.test(lines[comment.loc.start.line - 2] ?? '');
    const behindCode = ({ loc }: TSESTree.Comment) =>
      lines[loc.start.line - 1].slice(0, loc.start.column).trim() !== '';
    return {
      Program() {
        for (const comment of sourceCode.getAllComments()) {
          const first = /^\s([a-z]+)(?=[ ,;']|:(?!\/)|$)/.exec(comment.value)?.[1];
          if (comment.type !== AST_TOKEN_TYPES.Line || !first || LOWER_CASE_NAMES.test(first)) {
            continue;
          }
          if (/^eslint|^istanbul|^prettier/.test(first) || behindCode(comment) || continues(comment)) {
            continue;
          }
          report({
            loc: comment.loc,
            messageId: 'capital',
            fix: (fixer) =>
              fixer.replaceTextRange([comment.range[0] + 3, comment.range[0] + 4], first.charAt(0).toUpperCase()),
          });
        }
      },
    };
  },
};
