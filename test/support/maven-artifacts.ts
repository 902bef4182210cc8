// Java programs of others, fetched from Maven Central once into .tools/, each file pinned by its hash.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface MavenArtifact {
  /** What people call it. */
  readonly name: string;
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  /** Made for another version by `sha256sum *` in the directory of the files. */
  readonly hashes: string;
}

/**
 * Returns the directory with the artifact and what it depends on.
 *
 * @throws Error with a remedy when there is no JDK 17 with Maven, or no way to Maven Central
 */
export async function fetchArtifact({ name, group, artifact, version, hashes }: MavenArtifact): Promise<string> {
  const directory = `${name.toLowerCase().replaceAll(' ', '-')}-${version}`;
  const home = resolve(process.env.FILEWORKS_TOOLS_DIR ?? '.tools', directory);
  if (existsSync(home)) {
    return join(home, 'lib');
  }
  const building = `${home}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  const dependency = `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  writeFileSync(
    join(building, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
    <groupId>local</groupId><artifactId>tools</artifactId><version>1</version><dependencies>${dependency}</dependencies></project>`,
  );
  try {
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'], {
      cwd: building,
      timeout: 600_000,
    });
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw new Error(`${name} could not be fetched: install a JDK 17 or newer and Maven, and allow Maven Central`, {
      cause: error,
    });
  }
  try {
    verifyFiles(name, join(building, 'lib'), hashes);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw error;
  }
  // Another process may have installed the same version in the meantime
  try {
    renameSync(building, home);
  } catch {
    rmSync(building, { recursive: true, force: true });
  }
  return join(home, 'lib');
}

/** Throws unless the directory has exactly the files of the list, which `sha256sum` made, with their hashes. */
export function verifyFiles(name: string, directory: string, hashes: string): void {
  const expected = new Map(
    readFileSync(hashes, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
  const names = new Set([...expected.keys(), ...readdirSync(directory)]);
  const wrong = [...names].filter((file) => expected.get(file) !== hashOf(join(directory, file)));
  if (wrong.length > 0) {
    throw new Error(
      `${name}: ${wrong.join(', ')} in ${directory}: not the files whose hashes are in ${hashes}; they are damaged, or not what was published: delete them from ~/.m2/repository, and fetch them from a repository that you trust`,
    );
  }
}

function hashOf(file: string): string | undefined {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined;
}
