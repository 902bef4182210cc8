/**
 * For `import('…').catch(…)` of an optional peer dependency: bundlers accept an import with a `catch` where the package
 * is not installed.
 *
 * @throws Error naming the package
 */
export function missingPeer(name: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(`the package ${name}, an optional peer dependency of fileworks-runtime, cannot be loaded`, {
      cause,
    });
  };
}
