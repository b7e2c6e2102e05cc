/**
 * fast-check, which begins at the seed of the run.
 *
 * @module
 */
import fc from "fast-check";
import { runSeed } from "./extent.ts";

fc.configureGlobal({ seed: runSeed });

export default fc;
