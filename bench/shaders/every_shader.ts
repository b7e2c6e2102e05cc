/**
 * Every shader of folio in every form that it is made in, as the files that make them tell.
 *
 * @module
 */
import type { Shader } from "../../lib/kernels/webgpu/shader.ts";

const folder = new URL("../../lib/kernels/webgpu/", import.meta.url);

/**
 * Reads the shaders off the files of `lib/kernels/webgpu/`: what they export is a shader where its name ends in `Shader` and it is no function, and where its name
 * ends in `Shaders` a function that gives all forms of one.
 *
 * @throws {Error} If a file exports a shader that has forms and not what they are.
 */
export async function everyShader(): Promise<Shader[]> {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".ts")).sort();
  const shaders: Shader[] = [];
  for (const file of files) {
    const exported: Record<string, unknown> = await import(new URL(file, folder).href);
    for (const [name, value] of Object.entries(exported)) {
      if (name.endsWith("Shaders")) shaders.push(...(value as () => Shader[])());
      if (!name.endsWith("Shader")) continue;
      if (typeof value !== "function") shaders.push(value as Shader);
      else if (!(`${name}s` in exported)) {
        throw new Error(`${file} exports ${name} and no ${name}s, which gives all its forms`);
      }
    }
  }
  return shaders;
}
