/**
 * The BLAS as a path: Deno permits a library by its path only, and never by a name that the system
 * looks up.
 */
import { basename, join, resolve } from "node:path";
import { libraryPaths } from "../lib/kernels/blas/library_paths.ts";

/** Where Linux keeps libraries; the permissions of the tasks in deno.json name the same. */
const systemFolders = [
  `/usr/lib/${Deno.build.arch}-linux-gnu`,
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
];

/**
 * Finds the BLAS that `selectDevice` would take.
 *
 * @returns Its absolute path, or undefined where there is none.
 */
export function findBlas(): string | undefined {
  const { files, names } = libraryPaths();
  const [first] = files;
  if (first !== undefined) return resolve(first);
  return systemFolders.flatMap((folder) => names.map((name) => join(folder, basename(name))))
    .find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
