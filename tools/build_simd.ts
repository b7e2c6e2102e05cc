/**
 * `deno task build:simd`: compiles lib/kernels/wasm/simd.as into lib/kernels/wasm/simd_binary.ts.
 *
 * @module
 */
import asc from "assemblyscript/asc";

const folder = new URL("../lib/kernels/wasm/", import.meta.url);

/** Compiles simd.as, with or without relaxed SIMD, to the bytes of a WebAssembly module. */
async function compile(source: string, relaxed: boolean): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([
    ...["simd.ts", "--outFile", "simd.wasm", "-O3", "--noAssert", "--runtime", "stub"],
    // Whoever knows that there is a page need not compare small offsets with the memory's size.
    ...["--importMemory", "--initialMemory", "1", "--enable", "simd"],
    ...relaxed ? ["--enable", "relaxed-simd"] : [],
  ], {
    readFile: (name: string) => name === "simd.ts" ? source : null,
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error || binary === undefined) throw new Error(`simd.as does not compile:\n${stderr}`);
  return binary;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The text of simd_binary.ts for the simd.as that lies there. */
export async function simdBinary(): Promise<string> {
  const source = await Deno.readTextFile(new URL("simd.as", folder));
  const [relaxed, plain] = [await compile(source, true), await compile(source, false)];
  return `// deno-fmt-ignore-file
/**
 * simd.as as WebAssembly, in base64. Made by \`deno task build:simd\`.
 *
 * @module
 */

/** With fused multiply-add. */
export const relaxedSimd =
  "${base64(relaxed)}";

/** Without, for engines that have no relaxed SIMD. */
export const simd =
  "${base64(plain)}";
`;
}

if (import.meta.main) {
  const text = await simdBinary();
  await Deno.writeTextFile(new URL("simd_binary.ts", folder), text);
  console.log(`lib/kernels/wasm/simd_binary.ts: ${text.length} characters`);
}
