import { join } from "node:path";
import { z } from "zod";

const holderSchema = z.object({ process: z.int(), since: z.string() });

/**
 * Takes a folder for one training, until this process ends, however it ends.
 *
 * @param folder The folder, which exists.
 * @throws {Error} If another process trains there; it is named.
 */
export async function lockRun(folder: string): Promise<void> {
  const path = join(folder, ".lock");
  const file = await Deno.open(path, { read: true, write: true, create: true });
  if (!await file.tryLock(true)) {
    file.close();
    const holder = holderSchema.safeParse(
      await Deno.readTextFile(path).then(JSON.parse).catch(() => {}),
    );
    const who = holder.success
      ? `process ${holder.data.process} has trained there since ${holder.data.since}`
      : "another process trains there";
    throw new Error(
      `Cannot train into ${folder}: ${who}. Wait until it ends, or choose another folder`,
    );
  }
  await file.truncate();
  const holder = { process: Deno.pid, since: new Date().toISOString() };
  await file.write(new TextEncoder().encode(JSON.stringify(holder)));
  held.push(file); // Closed, it would free the lock.
}

const held: Deno.FsFile[] = [];
