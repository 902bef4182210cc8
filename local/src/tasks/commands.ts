import { messageOf } from '../errors';
import { imageProcess } from './image-process';
import {
  assetOf,
  findEntry,
  unmatchedAssets,
  type ContainerIdentity,
  type ImageAsset,
  type TaskMap,
  type TaskMapEntry,
} from './task-map';

/** The process for an image, or why there is none. */
type FromDockerfile = { readonly entry: TaskMapEntry } | { readonly problem: string };

/** What runs for an image: the entry of the task map, and without one, what the Dockerfile of the CDK asset says. */
export class Commands {
  readonly #map: TaskMap;
  readonly #readsDockerfiles: boolean;
  readonly #line: (line: string) => void;
  readonly #printed = new Set<string>();
  readonly #fromDockerfiles = new Map<string, FromDockerfile>();
  #assets: readonly ImageAsset[] = [];

  /** @param readsDockerfiles false when images without an entry run in a Docker engine */
  constructor(map: TaskMap, readsDockerfiles: boolean, line: (line: string) => void) {
    this.#map = map;
    this.#readsDockerfiles = readsDockerfiles;
    this.#line = line;
  }

  useAssets(assets: readonly ImageAsset[]): void {
    this.#assets = assets;
    this.#fromDockerfiles.clear();
    unmatchedAssets(this.#map, assets).forEach((problem) => this.#print(problem));
  }

  /** A pull names only the image: container and family of an entry are matched when the container is created. */
  mayRun(image: string): boolean {
    const tasks = this.#map.tasks.map((entry) => ({ ...entry, container: undefined, family: undefined }));
    return this.find({ image }, { tasks }) !== undefined;
  }

  find(identity: ContainerIdentity, map = this.#map): TaskMapEntry | undefined {
    const given = findEntry(map, identity, this.#assets);
    const asset = assetOf(identity.image, this.#assets);
    if (given || !asset || !this.#readsDockerfiles) {
      return given;
    }
    const found = this.#fromDockerfile(asset);
    return 'entry' in found ? found.entry : undefined;
  }

  /** Why nothing runs for an image; prints the entry to add, once for each image. */
  missing({ image, container, family }: ContainerIdentity): string {
    const asset = assetOf(image, this.#assets);
    const found = asset && this.#readsDockerfiles ? this.#fromDockerfile(asset) : undefined;
    const of = container === undefined ? '' : ` (container ${container} of family ${family ?? ''})`;
    const also = found && 'problem' in found ? `, and ${found.problem}` : '';
    const matcher = asset ? { asset: asset.names[0] } : { image };
    const entry = { ...matcher, command: ['program', 'argument'], cwd: 'folder' };
    this.#print(
      `no entry of the task map stands for the image ${asset?.names[0] ?? image}${of}${also}; add one with its command to tasks.json:\n` +
        `  ${JSON.stringify({ tasks: [entry] })}`,
    );
    return `No such image (image not found): no entry of the task map stands for the image ${image}${of}${also}`;
  }

  #fromDockerfile(asset: ImageAsset): FromDockerfile {
    const found = this.#fromDockerfiles.get(asset.tag) ?? this.#read(asset);
    this.#fromDockerfiles.set(asset.tag, found);
    return found;
  }

  #read({ names, build }: ImageAsset): FromDockerfile {
    if (!build) {
      return { problem: 'a command builds it, not a Dockerfile' };
    }
    try {
      const { hasRun, ...entry } = imageProcess(build);
      const argv = [...entry.entrypoint, ...entry.command].join(' ');
      const missing = hasRun ? '; its RUN instructions are not run: install and build there what they do' : '';
      this.#print(`${names[0]}: its Dockerfile says to run \`${argv}\`, in ${entry.cwd}${missing}`);
      return { entry };
    } catch (error) {
      return { problem: messageOf(error) };
    }
  }

  #print(line: string): void {
    if (!this.#printed.has(line)) {
      this.#printed.add(line);
      this.#line(line);
    }
  }
}
