/**
 * Where a BLAS may lie on this machine.
 *
 * @module
 */

/** What to try, the best first. */
export interface LibraryPaths {
  /** Paths of libraries. */
  readonly files: readonly string[];
  /** Names that the system looks up. */
  readonly names: readonly string[];
}

/**
 * Lists where a BLAS may lie.
 *
 * @returns Apple's Accelerate, or the OpenBLAS that setup installs, if it is there; then
 * what the system may have.
 */
export function libraryPaths(): LibraryPaths {
  switch (Deno.build.os) {
    case "darwin":
      return {
        files: ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
        names: [],
      };
    case "windows":
      return { files: installedFromPyPi(), names: ["libopenblas.dll", "mkl_rt.dll"] };
    default:
      return {
        files: installedFromPyPi(),
        names: ["libopenblas.so.0", "libblis.so.4", "libmkl_rt.so.2"],
      };
  }
}

/** The OpenBLAS of the wheel scipy-openblas32, which setup installs into `.venv`. */
function installedFromPyPi(): string[] {
  if (import.meta.dirname === undefined) return [];
  const venv = `${import.meta.dirname}/../../../.venv`;
  const folders = [`${venv}/Lib/site-packages`];
  try {
    for (const entry of Deno.readDirSync(`${venv}/lib`)) {
      folders.push(`${venv}/lib/${entry.name}/site-packages`);
    }
  } catch {
    // No .venv, or one of Windows: the list above is all there is.
  }
  const file = Deno.build.os === "windows" ? "libscipy_openblas.dll" : "libscipy_openblas.so";
  return folders.map((folder) => `${folder}/scipy_openblas32/lib/${file}`)
    .filter((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
}
