/**
 * The file system, as far as folio writes to it: all that must survive a power cut goes through here.
 *
 * @module
 */
import type * as NodeFiles from "node:fs/promises";

/** Files and folders by their paths. What a call has done lasts once it and the syncs after it end. */
export interface FileSystem {
  /** The content of a file. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Writes a file, and waits until its content is on the disk. */
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Waits until the names in a folder are on the disk; where a system cannot do that, it is skipped. */
  syncFolder(path: string): Promise<void>;
  /** Makes a folder and the parents that it lacks. */
  makeFolder(path: string): Promise<void>;
  /** The names in a folder. */
  list(path: string): Promise<string[]>;
  /** What there is at a path; a link counts as what it leads to. */
  kindOf(path: string): Promise<"file" | "folder" | undefined>;
  /** The path without links. */
  realPath(path: string): Promise<string>;
  /** Moves a file or a folder, which replaces a file. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it; what is not there is no error. */
  remove(path: string): Promise<void>;
}

/** The files of this computer, in Deno, Node and Bun. */
export const disk: FileSystem = {
  read: async (path) => new Uint8Array(await node().readFile(path)),
  async write(path, content) {
    const file = await node().open(path, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async syncFolder(path) {
    try {
      const folder = await node().open(path || ".", "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch (error) {
      if (!cannotSync.has(codeOf(error))) throw error;
    }
  },
  async makeFolder(path) {
    const first = await node().mkdir(path, { recursive: true });
    for (let made = path; first !== undefined; made = parentOf(made)) {
      await disk.syncFolder(parentOf(made));
      if (made.length <= first.length) break;
    }
  },
  list: async (path) => await node().readdir(path),
  async kindOf(path) {
    try {
      return (await node().stat(path)).isDirectory() ? "folder" : "file";
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  realPath: async (path) => await node().realpath(path),
  rename: async (from, to) => await node().rename(from, to),
  remove: async (path) => await node().rm(path, { recursive: true, force: true }),
};

/**
 * Replaces a file so that there is the old content or the new one at any time, also after a power cut.
 *
 * @param path The file.
 * @param content What it shall hold.
 * @param files Where it lies; default on this computer.
 */
export async function writeWhole(
  path: string,
  content: Uint8Array | string,
  files: FileSystem = disk,
): Promise<void> {
  const slash = path.lastIndexOf("/") + 1;
  const fresh = `${path.slice(0, slash)}.${path.slice(slash)}.new`;
  await files.write(fresh, content);
  await files.rename(fresh, path);
  await files.syncFolder(path.slice(0, slash) || ".");
}

/** Whether an error says that there is nothing at a path. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

/** What systems say that cannot sync a folder, and Deno where it may not open one. */
const cannotSync = new Set(["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP", "NotCapable"]);

function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: string; readonly name?: string };
  return code ?? (name === "NotFound" ? "ENOENT" : name) ?? "";
}

function parentOf(path: string): string {
  return path.replace(/[\\/]+[^\\/]+[\\/]*$/, "") || (/^[\\/]/.test(path) ? "/" : ".");
}

/** Not imported, so that a page can hold the library. */
function node(): typeof NodeFiles {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(name: string): typeof NodeFiles | undefined };
  };
  const files = process?.getBuiltinModule?.("node:fs/promises");
  if (files === undefined) throw new Error("Cannot reach any files: here, as in a page, are none");
  return files;
}
