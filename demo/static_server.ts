/**
 * A web server for one folder, to look at a page.
 *
 * @module
 */
import { extname, join } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".wasm": "application/wasm",
};

/**
 * Answers with the files of a flat folder.
 *
 * @param folder The folder.
 * @returns What answers requests; anything but a file of the folder is not found.
 */
export function staticFiles(folder: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const notFound = () => new Response("There is no such file.\n", { status: 404 });
    const name = new URL(request.url).pathname.slice(1) || "index.html";
    if (request.method !== "GET" || !/^\w[\w.-]*$/.test(name)) return notFound();
    try {
      const file = await Deno.open(join(folder, name));
      const { size } = await file.stat();
      const type = types[extname(name)] ?? "application/octet-stream";
      return new Response(file.readable, {
        headers: { "content-type": type, "content-length": `${size}`, "cache-control": "no-cache" },
      });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return notFound();
      throw error;
    }
  };
}
