import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalCloudError, messageOf } from '../errors';
import type { ImageAsset } from '../tasks/task-map';
import type { Environment } from '../types';

/** The format of CDK: https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/cloud-assembly-schema */
interface Manifest {
  readonly artifacts?: Artifacts;
}

type Artifacts = Readonly<Partial<Record<string, Artifact>>>;

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly dependencies?: readonly string[];
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackName?: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly tags?: Readonly<Record<string, string>>;
    readonly file?: string;
    readonly directoryName?: string;
  };
}

interface AssetManifest {
  readonly files?: Readonly<Record<string, FileAssetEntry>>;
  readonly dockerImages?: Readonly<Record<string, ImageAssetEntry>>;
}

interface FileAssetEntry {
  readonly source: {
    readonly path?: string;
    readonly packaging?: 'file' | 'zip';
    readonly executable?: readonly string[];
  };
  readonly destinations: Readonly<
    Record<string, { readonly bucketName: string; readonly objectKey: string; readonly region?: string }>
  >;
}

interface ImageAssetEntry {
  readonly displayName?: string;
  readonly source: {
    readonly directory?: string;
    readonly dockerFile?: string;
    readonly dockerBuildTarget?: string;
    readonly dockerBuildArgs?: Readonly<Record<string, string>>;
  };
  readonly destinations: Readonly<Record<string, { readonly imageTag: string }>>;
}

export interface FileAsset {
  /** File or directory. */
  readonly path: string;
  readonly packaging: 'file' | 'zip';
  readonly bucket: string;
  readonly key: string;
  readonly environment: Environment;
}

export type Template = Readonly<Record<string, unknown>> & {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: string | number }>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
};

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly [other: string]: unknown;
}

export interface StackArtifact {
  readonly name: string;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly environment: Environment;
  readonly files: readonly FileAsset[];
  readonly images: readonly ImageAsset[];
}

/** Reads a cloud assembly and the stages in it; returns the stacks in the order of their deployment. */
export function readAssembly(directory: string, defaults: Environment): readonly StackArtifact[] {
  const manifest = readJson(join(directory, 'manifest.json')) as Manifest;
  const artifacts = manifest.artifacts ?? {};
  const stacks = inDependencyOrder(artifacts).flatMap((id) => {
    const artifact = artifacts[id];
    if (artifact?.type === 'aws:cloudformation:stack') {
      return [readStack(directory, id, artifact, artifacts, defaults)];
    }
    if (artifact?.type === 'cdk:cloud-assembly') {
      return readAssembly(join(directory, artifact.properties?.directoryName ?? ''), defaults);
    }
    return [];
  });
  if (stacks.length === 0 && !Object.values(artifacts).some((artifact) => artifact?.type === 'cdk:cloud-assembly')) {
    throw new LocalCloudError('AssemblyInvalid', `${directory} contains no stack; synthesize the app into it first`);
  }
  return stacks;
}

function inDependencyOrder(artifacts: Artifacts): string[] {
  const order: string[] = [];
  const visiting = new Set<string>();
  const visit = (id: string): void => {
    const artifact = artifacts[id];
    if (order.includes(id) || !artifact) {
      return;
    }
    if (visiting.has(id)) {
      throw new LocalCloudError(
        'AssemblyInvalid',
        `the artifacts ${[...visiting].join(', ')} have a circular dependency`,
      );
    }
    visiting.add(id);
    artifact.dependencies?.forEach(visit);
    visiting.delete(id);
    order.push(id);
  };
  Object.keys(artifacts).forEach(visit);
  return order;
}

function readStack(
  directory: string,
  id: string,
  artifact: Artifact,
  artifacts: Artifacts,
  defaults: Environment,
): StackArtifact {
  const properties = artifact.properties ?? {};
  const environment = readEnvironment(artifact.environment, defaults);
  const assets = (artifact.dependencies ?? [])
    .map((dependency) => artifacts[dependency])
    .filter((dependency) => dependency?.type === 'cdk:asset-manifest')
    .map((dependency) => readJson(join(directory, dependency?.properties?.file ?? '')) as AssetManifest);
  const template = readJson(join(directory, properties.templateFile ?? `${id}.template.json`)) as Template;
  return {
    name: properties.stackName ?? id,
    template: { ...template, Resources: template.Resources },
    parameters: properties.parameters ?? {},
    tags: properties.tags ?? {},
    environment,
    files: assets.flatMap((manifest) =>
      Object.values(manifest.files ?? {}).flatMap((entry) => fileAssets(directory, entry, environment)),
    ),
    images: assets.flatMap((manifest) =>
      Object.entries(manifest.dockerImages ?? {}).flatMap(([hash, entry]) => imageAssets(directory, hash, entry)),
    ),
  };
}

function fileAssets(directory: string, entry: FileAssetEntry, environment: Environment): FileAsset[] {
  const { path, packaging = 'file', executable } = entry.source;
  if (path === undefined) {
    throw new LocalCloudError(
      'AssemblyInvalid',
      `an asset is built by the command \`${executable?.join(' ') ?? ''}\`, which fileworks-local does not run; use an asset with a path`,
    );
  }
  return Object.values(entry.destinations).map((destination) => ({
    path: join(directory, path),
    packaging,
    bucket: withPseudoParameters(destination.bucketName, environment),
    key: destination.objectKey,
    environment,
  }));
}

function imageAssets(
  assembly: string,
  hash: string,
  { displayName, source, destinations }: ImageAssetEntry,
): ImageAsset[] {
  const { directory, dockerFile, dockerBuildTarget: target, dockerBuildArgs: args } = source;
  const names = [displayName, hash, directory].filter((name) => name !== undefined);
  const build = directory !== undefined && {
    directory: join(assembly, directory),
    ...(dockerFile !== undefined && { dockerFile }),
    ...(target !== undefined && { target }),
    ...(args && { args }),
  };
  return Object.values(destinations).map(({ imageTag }) => ({ tag: imageTag, names, ...(build && { build }) }));
}

/** `aws://account/region`; either may be unknown. */
function readEnvironment(text: string | undefined, defaults: Environment): Environment {
  const [, account = '', region = ''] = /^aws:\/\/([^/]+)\/(.+)$/.exec(text ?? '') ?? [];
  return {
    account: /^\d{12}$/.test(account) ? account : defaults.account,
    region: region === '' || region === 'unknown-region' ? defaults.region : region,
  };
}

export function withPseudoParameters(text: string, environment: Environment): string {
  return text
    .replaceAll('${AWS::AccountId}', environment.account)
    .replaceAll('${AWS::Region}', environment.region)
    .replaceAll('${AWS::Partition}', 'aws');
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // The message of Node.js repeats the path.
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : messageOf(error);
    throw new LocalCloudError('AssemblyInvalid', `cannot read ${path}: ${problem}; synthesize the app first`, {
      cause: error,
    });
  }
}
