/** Whether GNU's objdump is there, which reads machine code independently of the assembler. */
import { capture } from "../../tools/process.ts";

const mayRun = Deno.permissions.querySync({ name: "run", command: "objdump" }).state === "granted";
const found = mayRun ? await capture("objdump", ["--version"]) : undefined;

/** Whether objdump can be run. */
export const hasObjdump = found?.success === true;

/** What a test's name ends in where it is skipped for want of objdump. */
export const withoutObjdump = hasObjdump
  ? ""
  : ` (skipped: ${
    mayRun ? "there is no objdump: apt-get install binutils" : "it needs --allow-run"
  })`;
