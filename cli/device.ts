/** Selecting the device that a command line asks for. */
import { type Device, selectDevice } from "../lib/mod.ts";
import type { DeviceArguments } from "./commands.ts";
import { oneLine } from "./exit.ts";

/**
 * Selects a device. A BLAS that was asked for and cannot be used is an error; one that was found is
 * done without.
 *
 * @param command What the command line asks for.
 * @param say Tells the person what is done without.
 * @returns The device.
 */
export async function openDevice(
  { device: name, blas, foundBlas, native, threads }: DeviceArguments,
  say: (line: string) => void,
): Promise<Device> {
  const options = { name, native, ...threads !== undefined && { threads } };
  if (foundBlas === undefined) return await selectDevice({ ...options, blas });
  try {
    return await selectDevice({ ...options, blas: foundBlas });
  } catch (error) {
    // If it is not the BLAS, it fails once more.
    const device = await selectDevice({ ...options, blas: "none" });
    say(oneLine(error));
    return device;
  }
}
