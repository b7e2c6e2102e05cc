/** Whether the notebooks are formatted. */
import { dirname, join, relative } from "node:path";
import { capture } from "./process.ts";

/**
 * The notebooks that `deno fmt` would change.
 *
 * `deno fmt --check` of Deno 2.9.6 calls every notebook unformatted that it has not itself written on
 * this machine, be it to the last byte as it would write it. So we let it format copies, and compare.
 *
 * @param root The folder of the project, with deno.json and `notebooks/`.
 * @returns Their paths, seen from the project.
 * @throws {Error} If a notebook cannot be read.
 */
export async function unformattedNotebooks(root: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "folio-format-" });
  try {
    const copies = new Map<string, string>();
    for await (const path of notebooksIn(join(root, "notebooks"))) {
      const copy = join(folder, relative(root, path));
      await Deno.mkdir(dirname(copy), { recursive: true });
      await Deno.copyFile(path, copy);
      copies.set(path, copy);
    }
    const config = ["--config", join(root, "deno.json")];
    const format = ["fmt", "--quiet", ...config, ...copies.values()];
    const done = copies.size === 0 || (await capture(Deno.execPath(), format))?.success;
    if (!done) throw new Error("deno fmt cannot read the notebooks: run `deno fmt notebooks`");
    const changed: string[] = [];
    for (const [path, copy] of copies) {
      const same = await Deno.readTextFile(path) === await Deno.readTextFile(copy);
      if (!same) changed.push(relative(root, path));
    }
    return changed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function* notebooksIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory && !name.startsWith(".")) yield* notebooksIn(path);
    else if (name.endsWith(".ipynb")) yield path;
  }
}
