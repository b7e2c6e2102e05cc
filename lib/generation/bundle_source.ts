/**
 * Where the files of a bundle are read from: a folder or the web.
 *
 * @module
 */
import { readableFolder } from "../files/folder.ts";
import { downloadChunks, downloadFailure, type DownloadOptions } from "../files/download.ts";

/** A folder of which we read files, wherever it is. */
export interface BundleSource {
  /** The path or the address of one of its files. */
  locate(name: string): string;
  /** Reads one of its files, and refuses one of more than `maxBytes`. */
  read(
    name: string,
    options: { readonly maxBytes: number } & Pick<DownloadOptions, "onProgress">,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Makes a folder readable.
 *
 * @param dirOrUrl A path, or a file:, http: or https: address.
 * @returns The folder; nothing is read yet.
 * @throws {RangeError} If it is empty.
 * @throws {TypeError} If it is an address of another kind.
 */
export function openBundleSource(dirOrUrl: string | URL): BundleSource {
  if (dirOrUrl === "") {
    throw new RangeError('Cannot load from "": name a folder');
  }
  const isUrl = dirOrUrl instanceof URL || /^(file:|\w+:\/\/)/.test(dirOrUrl);
  if (!isUrl) {
    const dir = dirOrUrl.replace(/(?<=.)\/+$/, "");
    return localFolder((name) => `${dir}/${name}`, () => readableFolder(dir));
  }
  const base = new URL(dirOrUrl);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const address = (name: string) => new URL(name + base.search, base);
  if (base.protocol === "file:") return localFolder(address);
  if (base.protocol === "http:" || base.protocol === "https:") {
    return remoteFolder((name) => address(name).href);
  }
  throw new TypeError(
    `Cannot load from ${base}: give a path, or a file:, http: or https: address`,
  );
}

function localFolder(
  locateIn: (name: string) => string | URL,
  findFolder?: () => Promise<string>,
): BundleSource {
  const locate = (name: string) => String(locateIn(name));
  let folder: Promise<string> | undefined; // One for all files of a bundle.
  return {
    locate,
    async read(name, { maxBytes }) {
      try {
        const found = await (folder ??= findFolder?.());
        const path = found === undefined ? locateIn(name) : `${found}/${name}`;
        const { size } = await Deno.stat(path);
        if (size > maxBytes) throw tooLarge(size, maxBytes);
        return await Deno.readFile(path);
      } catch (cause) {
        const reason = cause instanceof Deno.errors.NotFound
          ? "it is not there"
          : (cause as Error).message;
        throw new Error(`Cannot read ${locate(name)}: ${reason}`, { cause });
      }
    },
  };
}

function remoteFolder(locate: (name: string) => string): BundleSource {
  return {
    locate,
    async read(name, { maxBytes, onProgress }) {
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      try {
        for await (const chunk of downloadChunks(locate(name), { onProgress })) {
          size += chunk.length;
          if (size > maxBytes) throw tooLarge(size, maxBytes);
          chunks.push(chunk);
        }
      } catch (cause) {
        const reason = downloadFailure(cause);
        throw new Error(`Cannot read ${locate(name)}: ${reason}`, { cause });
      }
      return new Uint8Array(await new Blob(chunks).arrayBuffer());
    },
  };
}

function tooLarge(size: number, maxBytes: number): Error {
  return new Error(
    `it has ${size} bytes or more, at most ${maxBytes} are right`,
  );
}
