/**
 * The end of tfjs' WebAssembly heap.
 *
 * @module
 */
import type { WasmBackend } from "./backend.ts";

/** The most bytes that the heap can have, of Emscripten's `getHeapMax`: 4 GiB without a page. */
export const mostHeapBytes = 2 ** 32 - 2 ** 16;
/**
 * The most bytes that one tensor can have: `malloc` rounds up to pages, and Emscripten's `sbrk` takes
 * 2 GiB for a negative number and gives out memory that is in use.
 */
export const mostTensorBytes = 2 ** 31 - 2 ** 17;

/**
 * Makes the heap say that it is full. Where `malloc` finds no room, tfjs takes the 0 that it returns for
 * an address, and writes over what begins there; and of more than 4 GiB it asks for the rest modulo 2³².
 *
 * @param backend Has allocated before: Emscripten replaces `_malloc` at its first call.
 */
export function guardHeap({ wasm }: WasmBackend): void {
  const malloc = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = bytes > mostTensorBytes ? 0 : malloc(bytes);
    if (address !== 0) return address;
    const [wanted, most] = [bytes, mostHeapBytes].map((size) => (size / 1e9).toFixed(2));
    throw new RangeError(
      `WebAssembly's memory is full: ${wanted} GB at once are not left of its ${most} GB. ` +
        "Take a smaller batch, shorter sequences or a smaller model, or a GPU",
    );
  };
}
