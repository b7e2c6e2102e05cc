/**
 * Folders that are there whole or not at all.
 *
 * A folder is written under a temporary name beside its place and then renamed,
 * which a file system does in one go. Temporary names begin with a dot, the
 * folder's own name and a dot, and end with `.tmp` (unfinished or discarded) or
 * `.old` (replaced).
 *
 * @module
 */

/** How {@linkcode writeFolder} treats a folder that is there already. */
export interface WriteFolderOptions {
  /** The file that a folder of ours has; one without it is not replaced. */
  readonly marker: string;
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
 * @param files The content of each file by its plain name.
 * @param options Which folders are ours.
 * @throws {TypeError} If a file's name is not a plain name.
 * @throws {RangeError} If `dir` names no folder.
 * @throws {Error} If `dir` is something that we must not replace, or if writing fails.
 */
export async function writeFolder(
  dir: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  options: WriteFolderOptions,
): Promise<void> {
  checkNames(Object.keys(files));
  const target = await resolve(dir);
  await Deno.mkdir(target.parent, { recursive: true });
  await sweepLeftovers(target.parent, (name) => name === target.name);
  const replaces = await checkReplaceable(target, Object.keys(files), options);
  const fresh = temporaryPath(target, "tmp");
  try {
    await Deno.mkdir(fresh);
    for (const [name, content] of Object.entries(files)) {
      if (typeof content === "string") {
        await Deno.writeTextFile(`${fresh}/${name}`, content);
      } else await Deno.writeFile(`${fresh}/${name}`, content);
    }
    if (replaces) await replace(target, fresh);
    else await Deno.rename(fresh, target.path);
  } catch (cause) {
    await Deno.remove(fresh, { recursive: true }).catch(() => {});
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`Cannot write the folder ${dir}: ${reason}`, { cause });
  }
}

/**
 * Removes a folder so that no reader meets half of it.
 *
 * @param dir The folder.
 */
export async function removeFolder(dir: string): Promise<void> {
  const doomed = temporaryPath(await resolve(dir), "tmp");
  await Deno.rename(dir, doomed);
  await Deno.remove(doomed, { recursive: true });
}

/**
 * Clears away what interrupted writers have left, and puts a folder back whose
 * replacement never came.
 *
 * @param parent The folder in which folders were written.
 * @param isOurs Whether a folder of this name is one that we write.
 */
export async function sweepLeftovers(
  parent: string,
  isOurs: (name: string) => boolean,
): Promise<void> {
  for await (const { name } of Deno.readDir(parent)) {
    const [, base, ending] = /^\.(.+)\.[0-9a-f]{12}\.(tmp|old)$/.exec(name) ??
      [];
    if (base === undefined || !isOurs(base)) continue;
    const leftover = `${parent}/${name}`;
    if (ending === "old" && !await exists(`${parent}/${base}`)) {
      await Deno.rename(leftover, `${parent}/${base}`);
    } else await Deno.remove(leftover, { recursive: true });
  }
}

interface Place {
  readonly path: string;
  readonly parent: string;
  readonly name: string;
}

/** Follows links, so that the folder is replaced and not the link to it. */
async function resolve(dir: string): Promise<Place> {
  // Under permissions Deno refuses an empty path with a message of its own.
  const path = dir !== "" && await exists(dir) ? await Deno.realPath(dir) : dir;
  const separators = Deno.build.os === "windows" ? "\\\\/" : "/";
  const pattern = `^(.*[${separators}])?([^${separators}]+)[${separators}]*$`;
  const [, parent = "./", name] = new RegExp(pattern, "s").exec(path) ?? [];
  if (name === undefined || name === "." || name === "..") {
    throw new RangeError(`Cannot write the folder "${dir}": give it a name`);
  }
  return { path: parent + name, parent, name };
}

function temporaryPath({ parent, name }: Place, ending: "tmp" | "old"): string {
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
  { path }: Place,
  names: readonly string[],
  { marker }: WriteFolderOptions,
): Promise<boolean> {
  if (!await exists(path)) return false;
  const refuse = (why: string) =>
    new Error(`Cannot replace ${path}: ${why}. Choose another folder`);
  if (!(await Deno.stat(path)).isDirectory) throw refuse("it is a file");
  const found = [];
  for await (const { name } of Deno.readDir(path)) found.push(name);
  if (found.length === 0) return true;
  if (!found.includes(marker)) throw refuse(`there is no ${marker} in it`);
  // Hidden files are the system's and the editor's; the rest is a person's.
  const other = found.find((name) => !names.includes(name) && !name.startsWith("."));
  if (other !== undefined) throw refuse(`"${other}" in it is not ours`);
  return true;
}

async function replace(target: Place, fresh: string): Promise<void> {
  const aside = temporaryPath(target, "old");
  await Deno.rename(target.path, aside);
  try {
    await Deno.rename(fresh, target.path);
  } catch (error) {
    await Deno.rename(aside, target.path);
    throw error;
  }
  // The new folder is in its place: a failure here is no failure of the write.
  await Deno.remove(aside, { recursive: true }).catch(() => {});
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
