/**
 * Digests of files: what reveals that one was altered.
 *
 * @module
 */
import * as z from "zod";

/** What we note of a file in order to see later that it is unaltered. */
export interface FileDigest {
  readonly bytes: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** How a SHA-256 looks in JSON. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, {
  error: "expected 64 lower-case hexadecimal digits",
});

/** How a seal looks in JSON. */
export const fileDigestSchema = z.strictObject({
  bytes: z.int().min(0),
  sha256: sha256Schema,
});

/**
 * The SHA-256 of bytes, or of a text as UTF-8.
 *
 * @param content What to hash.
 * @returns 64 lower-case hexadecimal digits.
 */
export async function sha256(
  content: Uint8Array<ArrayBuffer> | string,
): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Seals the content of a file.
 *
 * @param content The whole file.
 * @returns Its size and its SHA-256.
 */
export async function digestFile(
  content: Uint8Array<ArrayBuffer>,
): Promise<FileDigest> {
  return { bytes: content.length, sha256: await sha256(content) };
}

/**
 * Checks that a file is as it was when it was sealed.
 *
 * @param content The whole file.
 * @param expected Its name for people, and its seal.
 * @throws {Error} If size or SHA-256 are others.
 */
export async function verifyDigest(
  content: Uint8Array<ArrayBuffer>,
  { path, seal }: { readonly path: string; readonly seal: FileDigest },
): Promise<void> {
  const found = await digestFile(content);
  for (
    const [key, unit] of [["bytes", "bytes"], ["sha256", "as SHA-256"]] as const
  ) {
    if (found[key] !== seal[key]) {
      throw new Error(
        `${path} is damaged: it has ${found[key]} ${unit}, not ${seal[key]}. ` +
          "Make it or copy it again",
      );
    }
  }
}
