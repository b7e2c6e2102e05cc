/** Where the bundle lies that a person means by `--model`. */
import { readableFolder } from "../lib/files/folder.ts";
import { OneStep } from "../lib/mod.ts";
import { isAddress } from "./permissions.ts";

/**
 * Loads a bundle.
 *
 * @param model Its folder or address, or the folder of a training, which has it in `bundle/`.
 * @returns The writer.
 * @throws {Error} If there is none, or it is damaged.
 */
export async function loadBundle(model: string): Promise<OneStep> {
  return await OneStep.load(await bundleFolder(model));
}

async function bundleFolder(model: string): Promise<string> {
  if (isAddress(model)) return model;
  for (const folder of [model, await readableFolder(`${model}/bundle`)]) {
    try {
      await Deno.stat(`${folder}/folio.json`);
      return folder;
    } catch (error) {
      if (
        !(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.NotADirectory)
      ) throw error;
    }
  }
  throw new Error(
    `There is no bundle in ${model}: it has no folio.json, nor a folder "bundle" that has one. ` +
      "deno task train makes one",
  );
}
