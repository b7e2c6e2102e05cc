/**
 * The browser of this machine.
 *
 * @module
 */
const names = ["chromium", "chromium-browser", "google-chrome"];

/** The path of a Chromium, if one is installed. */
export function findChromium(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return folders.flatMap((folder) => names.map((name) => `${folder}/${name}`)).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}
