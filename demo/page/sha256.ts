/// <reference lib="dom" />
/**
 * SHA-256 where the browser has none: it keeps its own for pages from https and from this machine,
 * and a page from another machine of the house is neither.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";

if (globalThis.crypto.subtle === undefined) {
  const digest = (_algorithm: string, bytes: Uint8Array) =>
    Promise.resolve(sha256(bytes).slice().buffer);
  Object.defineProperty(globalThis.crypto, "subtle", { value: { digest } });
}
