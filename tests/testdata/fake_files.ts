/**
 * Files in memory that fail when told to.
 *
 * @module
 */
import type { FileSystem } from "../../lib/files/file_system.ts";

/** What happens at a call. */
export type Fault =
  /** The call fails, and the program goes on. */
  | "error"
  /** The program ends before the call has done anything. */
  | "kill"
  /** It ends after half of what the call writes. */
  | "kill within"
  /** The disk has no room for what the call writes. */
  | "full";

/** Ends a program that uses the files: nothing that it does after this has an effect. */
export class Killed extends Error {}

type Node = Uint8Array<ArrayBuffer> | "folder";

const missing = (path: string) =>
  Object.assign(new Error(`ENOENT: there is no ${path}`), { code: "ENOENT" });
const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";
const plain = (path: string) => path.replaceAll(/\/+/g, "/").replace(/(?<=.)\/$/, "");

/**
 * A disk in memory. It keeps what names and folders were when they were last synced, and each state since:
 * a power cut leaves one of these.
 */
export class FakeFiles implements FileSystem {
  #nodes = new Map<string, Node>([["/", "folder"]]);
  /** The states that a power cut may leave: the one that was synced, and those after it. */
  #states: Map<string, Node>[] = [new Map(this.#nodes)];
  #calls = 0;
  #isKilled = false;
  /** At which call something happens, counted from 0, and what. */
  fault: { readonly at: number; readonly what: Fault } | undefined;

  /** How many calls there were. */
  get calls(): number {
    return this.#calls;
  }

  /** All paths but the root, sorted. */
  get paths(): string[] {
    return [...this.#nodes.keys()].filter((path) => path !== "/").sort();
  }

  /** The same files for another program, which nothing happens to. */
  restarted(): FakeFiles {
    return FakeFiles.#of(this.#nodes);
  }

  /** What may be there after a power cut now. */
  afterPowerCut(): FakeFiles[] {
    return this.#states.map((state) => FakeFiles.#of(state));
  }

  static #of(nodes: ReadonlyMap<string, Node>): FakeFiles {
    const files = new FakeFiles();
    files.#nodes = new Map(nodes);
    files.#states = [new Map(nodes)];
    return files;
  }

  /** Whether the call does the whole of its work. */
  #call(): "whole" | "half" {
    if (this.#isKilled) throw new Killed();
    const { at, what } = this.fault ?? {};
    if (this.#calls++ !== at) return "whole";
    if (what === "error") {
      throw Object.assign(new Error("EIO: input/output error"), { code: "EIO" });
    }
    if (what === "full") return "half";
    this.#isKilled = true;
    if (what === "kill") throw new Killed();
    return "half";
  }

  #changed(): void {
    this.#states.push(new Map(this.#nodes));
  }

  #synced(): void {
    this.#states = [new Map(this.#nodes)];
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    await Promise.resolve();
    this.#call();
    const node = this.#nodes.get(plain(path));
    if (node === undefined || node === "folder") throw missing(path);
    return node.slice();
  }

  async write(path: string, content: Uint8Array | string): Promise<void> {
    await Promise.resolve();
    const extent = this.#call();
    const file = plain(path);
    if (this.#nodes.get(parentOf(file)) !== "folder") throw missing(path);
    const bytes = new Uint8Array(
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    this.#nodes.set(file, new Uint8Array(0));
    this.#changed();
    this.#nodes.set(file, extent === "whole" ? bytes : bytes.slice(0, bytes.length / 2));
    this.#changed();
    if (this.#isKilled) throw new Killed();
    if (extent === "half") throw Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" });
    this.#synced();
  }

  async syncFolder(path: string): Promise<void> {
    await Promise.resolve();
    this.#call();
    if (this.#nodes.get(plain(path)) !== "folder") throw missing(path);
    this.#synced();
  }

  async makeFolder(path: string): Promise<void> {
    await Promise.resolve();
    this.#call();
    const parts = plain(path).split("/").slice(1);
    for (const [i] of parts.entries()) {
      const part = `/${parts.slice(0, i + 1).join("/")}`;
      if (!this.#nodes.has(part)) this.#nodes.set(part, "folder");
    }
    this.#changed();
  }

  async list(path: string): Promise<string[]> {
    await Promise.resolve();
    this.#call();
    const folder = plain(path);
    if (this.#nodes.get(folder) !== "folder") throw missing(path);
    return this.paths.filter((other) => parentOf(other) === folder)
      .map((other) => other.slice(other.lastIndexOf("/") + 1));
  }

  async kindOf(path: string): Promise<"file" | "folder" | undefined> {
    await Promise.resolve();
    this.#call();
    const node = this.#nodes.get(plain(path));
    return node === undefined ? undefined : node === "folder" ? "folder" : "file";
  }

  async realPath(path: string): Promise<string> {
    await Promise.resolve();
    this.#call();
    return plain(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await Promise.resolve();
    this.#call();
    const [source, target] = [plain(from), plain(to)];
    const node = this.#nodes.get(source);
    if (node === undefined) throw missing(from);
    if (node === "folder" && this.#nodes.has(target)) throw new Error(`ENOTEMPTY: ${to}`);
    for (const path of this.#under(source)) {
      this.#nodes.set(target + path.slice(source.length), this.#nodes.get(path)!);
      this.#nodes.delete(path);
    }
    this.#changed();
  }

  async remove(path: string): Promise<void> {
    await Promise.resolve();
    this.#call();
    // One after the other, as a disk does it.
    for (const each of this.#under(plain(path)).toReversed()) {
      this.#nodes.delete(each);
      this.#changed();
    }
  }

  #under(folder: string): string[] {
    return this.paths.filter((path) => path === folder || path.startsWith(`${folder}/`));
  }
}
