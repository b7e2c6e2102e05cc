/**
 * What `bench:bundle` bundles: the benchmark for a GPU, its workers and its checks, in one script.
 * The first argument says which of them it is.
 *
 * @module
 */
const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  folio_worker: () => import("../folio_worker.ts"),
  tfjs_worker: () => import("../tfjs_worker.ts"),
  check: () => import("./check.ts"),
  profile: () => import("./profile.ts"),
  tune: () => import("./tune.ts"),
};

// tfjs' WebAssembly takes Deno for Node, where a script knows its folder by this name; its binaries
// lie there.
Object.assign(globalThis, { __dirname: import.meta.dirname });
await (parts[Deno.args[0] ?? ""] ?? (() => import("./main.ts")))();
