/**
 * Folders that are there whole or not at all.
 *
 * A folder is written under a temporary name beside its place and then renamed,
 * which a file system does in one go. Temporary names begin with a dot, the
 * folder's own name and a dot, and end with `.tmp` (unfinished or discarded) or
 * `.old` (replaced).
 *
 * After a power cut, too, there is the old folder or the new one: what was written is on the disk before
 * it is renamed, and the new name before the old folder is removed.
 *
 * @module
 */
import { disk, type FileSystem } from "./file_system.ts";

/** How {@linkcode writeFolder} treats a folder that is there already. */
export interface WriteFolderOptions {
  /** The file that a folder of ours has; one without it is not replaced. */
  readonly marker: string;
  /** Where the folder lies; default on this computer. */
  readonly files?: FileSystem | undefined;
}

/**
 * Writes a folder of files, replacing one of ours but no other.
 *
 * The old folder is renamed aside, the new one renamed in, the old one removed.
 * Whatever fails before that leaves the old one as it was, and what a writer
 * that was killed has left is cleared away by the next one. Only one process may
 * write the same folder at a time.
 *
 * @param dir The folder; its parents are made where they lack.
 * @param contents The content of each file by its plain name.
 * @param options Which folders are ours, and where they lie.
 * @throws {TypeError} If a file's name is not a plain name.
 * @throws {RangeError} If `dir` names no folder.
 * @throws {Error} If `dir` is something that we must not replace, or if writing fails.
 */
export async function writeFolder(
  dir: string,
  contents: Readonly<Record<string, Uint8Array | string>>,
  { marker, files = disk }: WriteFolderOptions,
): Promise<void> {
  checkNames(Object.keys(contents));
  const target = await resolve(dir, files);
  await files.makeFolder(target.parent);
  await sweepLeftovers(target.parent, (name) => name === target.name, files);
  const replaces = await checkReplaceable(target, Object.keys(contents), { marker, files });
  const fresh = temporaryPath(target, "tmp");
  try {
    await files.makeFolder(fresh);
    for (const [name, content] of Object.entries(contents)) {
      await files.write(`${fresh}/${name}`, content);
    }
    await files.syncFolder(fresh);
    if (replaces) await replace(target, fresh, files);
    else {
      await files.rename(fresh, target.path);
      await files.syncFolder(target.parent);
    }
  } catch (cause) {
    await files.remove(fresh).catch(() => {});
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`Cannot write the folder ${dir}: ${reason}`, { cause });
  }
}

/**
 * Removes a folder so that no reader meets half of it.
 *
 * @param dir The folder.
 * @param files Where it lies; default on this computer.
 */
export async function removeFolder(dir: string, files: FileSystem = disk): Promise<void> {
  const doomed = temporaryPath(await resolve(dir, files), "tmp");
  await files.rename(dir, doomed);
  await files.remove(doomed);
}

/**
 * Clears away what interrupted writers have left, and puts a folder back whose
 * replacement never came.
 *
 * @param parent The folder in which folders were written.
 * @param isOurs Whether a folder of this name is one that we write.
 * @param files Where it lies; default on this computer.
 */
export async function sweepLeftovers(
  parent: string,
  isOurs: (name: string) => boolean,
  files: FileSystem = disk,
): Promise<void> {
  for (const name of await files.list(parent)) {
    const [, base, ending] = /^\.(.+)\.[0-9a-f]{12}\.(tmp|old)$/.exec(name) ?? [];
    if (base === undefined || !isOurs(base)) continue;
    const [leftover, path] = [`${parent}/${name}`, `${parent}/${base}`];
    if (ending === "old" && await files.kindOf(path) === undefined) {
      await files.rename(leftover, path);
      await files.syncFolder(parent);
    } else await files.remove(leftover);
  }
}

/**
 * Where a folder can be read: in its place or, where a writer was killed between taking the old one away
 * and putting the new one there, beside it.
 *
 * @param dir The folder.
 * @param files Where it lies; default on this computer.
 * @returns The path to read from; `dir` itself where there is neither.
 */
export async function readableFolder(dir: string, files: FileSystem = disk): Promise<string> {
  try {
    if (await files.kindOf(dir) !== undefined) return dir;
    const [, parent = "./", name = ""] = /^(.*[/])?([^/]+)$/s.exec(dir) ?? [];
    const aside = (await files.list(parent)).find((other) =>
      other.startsWith(`.${name}.`) && /\.[0-9a-f]{12}\.old$/.test(other)
    );
    return aside === undefined ? dir : parent + aside;
  } catch {
    return dir; // What is wrong with it, reading will say.
  }
}

/** Where a folder is, without links. */
interface Location {
  readonly path: string;
  readonly parent: string;
  readonly name: string;
}

/** Follows links, so that the folder is replaced and not the link to it. */
async function resolve(dir: string, files: FileSystem): Promise<Location> {
  // Under permissions Deno refuses an empty path with a message of its own.
  const isThere = dir !== "" && await files.kindOf(dir) !== undefined;
  const path = isThere ? await files.realPath(dir) : dir;
  const separators = globalThis.Deno?.build.os === "windows" ? "\\\\/" : "/";
  const pattern = `^(.*[${separators}])?([^${separators}]+)[${separators}]*$`;
  const [, parent = "./", name] = new RegExp(pattern, "s").exec(path) ?? [];
  if (name === undefined || name === "." || name === "..") {
    throw new RangeError(`Cannot write the folder "${dir}": give it a name`);
  }
  return { path: parent + name, parent, name };
}

function temporaryPath({ parent, name }: Location, ending: "tmp" | "old"): string {
  return `${parent}.${name}.${crypto.randomUUID().slice(-12)}.${ending}`;
}

function checkNames(names: readonly string[]): void {
  for (const name of names) {
    if (name === "" || name.startsWith(".") || /[\\/\0]/.test(name)) {
      throw new TypeError(`Cannot write a file called ${JSON.stringify(name)}`);
    }
  }
}

/** Whether there is a folder to replace; throws where we must not. */
async function checkReplaceable(
  { path }: Location,
  names: readonly string[],
  { marker, files }: { readonly marker: string; readonly files: FileSystem },
): Promise<boolean> {
  const kind = await files.kindOf(path);
  if (kind === undefined) return false;
  const refuse = (why: string) =>
    new Error(`Cannot replace ${path}: ${why}. Choose another folder`);
  if (kind === "file") throw refuse("it is a file");
  const found = await files.list(path);
  if (found.length === 0) return true;
  if (!found.includes(marker)) throw refuse(`there is no ${marker} in it`);
  // Hidden files are the system's and the editor's; the rest is a person's.
  const other = found.find((name) => !names.includes(name) && !name.startsWith("."));
  if (other !== undefined) throw refuse(`"${other}" in it is not ours`);
  return true;
}

async function replace(target: Location, fresh: string, files: FileSystem): Promise<void> {
  const aside = temporaryPath(target, "old");
  await files.rename(target.path, aside);
  try {
    await files.rename(fresh, target.path);
  } catch (error) {
    await files.rename(aside, target.path);
    throw error;
  }
  await files.syncFolder(target.parent);
  // The new folder is in its place: a failure here is no failure of the write.
  await files.remove(aside).catch(() => {});
}
